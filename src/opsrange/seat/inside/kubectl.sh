#!/bin/sh
# The real kubectl, with two things arranged for it. It measures its own --timeout on the wall clock: where one is in play, its limit
# is kept in virtual time. And at each start it packs and parses the messages of its language, a third of its start for English:
# the file for French translates only the help of `annotate` and `config`, so verbs that print none of it start with that one.
unset BASH_ENV
messages='' translated='' previous=''
for word; do
  case $word in
    help | -h | --help* | annotate | config | diff | edit) translated=1 ;;
    get | describe | logs | top | events | explain | api-resources | wait | exec | \
      apply | create | delete | expose | label | patch | replace | rollout | scale | set)
      case $previous in
        -*=*) messages=fr_FR.UTF-8 ;;
        -*) ;; # perhaps a flag's value, and then the help of all verbs is what is printed
        *) messages=fr_FR.UTF-8 ;;
      esac
      ;;
  esac
  previous=$word
done
[ -n "$translated" ] && messages=''
case " $* " in
  *" wait "* | *" --timeout"* | *" logs "*/* | *" --pod-running-timeout"*) exec /bin/bash /usr/local/lib/kubectl-limited "$messages" "$@" ;;
esac
[ -n "$messages" ] && export LC_ALL=$messages
exec /opt/kubectl/kubectl "$@"
