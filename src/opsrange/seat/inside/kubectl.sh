#!/bin/sh
# The real kubectl, with two things arranged for it. It measures its own --timeout on the wall clock: where one is in play, its limit
# is kept in virtual time. And at each start it packs and parses the messages of its language, a third of its start for English:
# the file for French translates only the help of `annotate` and `config`, so verbs that print none of it start with that one.
unset BASH_ENV
case " $* " in
  *" wait "* | *" --timeout"* | *" logs "*/* | *" --pod-running-timeout"*) exec /bin/bash /usr/local/lib/kubectl-limited "$@" ;;
  *" help "* | *" -h "* | *" --help"* | *" annotate "* | *" config "* | *" diff "* | *" edit "*) ;;
  *" get "* | *" describe "* | *" logs "* | *" top "* | *" events "* | *" explain "* | *" api-resources "* | *" exec "* | *" apply "* | \
    *" create "* | *" delete "* | *" expose "* | *" label "* | *" patch "* | *" replace "* | *" rollout "* | *" scale "* | *" set "*)
    export LC_ALL=fr_FR.UTF-8
    ;;
esac
exec /opt/kubectl/kubectl "$@"
