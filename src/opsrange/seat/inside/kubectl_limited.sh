#!/bin/bash
# Runs kubectl against a deadline in virtual time. When the deadline comes first, the same command is run again with
# a limit of a millisecond, so that the words of the timeout are kubectl's own.
real=(env ${1:+"LC_ALL=$1"} /opt/kubectl/kubectl) # in its shortest messages, where kubectl.sh says so
shift
option=--timeout
limit='' usual='' follows='' limited=()
previous=''
for word in "$@"; do
  [[ $word == -- ]] && break
  if [[ $previous == "$option" ]]; then limit=$word; fi
  case $word in
    "$option"=*) limit=${word#*=} ;;
    wait) usual=30s ;;
    logs) option=--pod-running-timeout usual=20s ;;
    -f | --follow) follows=1 ;;
  esac
  previous=$word
done
if [[ $option == --pod-running-timeout && -n $follows ]]; then
  exec "${real[@]}" "$@" # once there is a pod, it is followed for as long as one likes
fi
limit=${limit:-$usual}
total_ms=0 rest=$limit
[[ $rest =~ ^[0-9]+$ ]] && rest+=s
while [[ $rest =~ ^([0-9]+)(\.([0-9]+))?(ms|s|m|h)(.*)$ ]]; do
  fraction=${BASH_REMATCH[3]}000
  value=$((10#${BASH_REMATCH[1]} * 1000 + 10#${fraction:0:3}))
  case ${BASH_REMATCH[4]} in
    ms) value=$((10#${BASH_REMATCH[1]})) ;;
    m) value=$((value * 60)) ;;
    h) value=$((value * 3600)) ;;
  esac
  total_ms=$((total_ms + value))
  rest=${BASH_REMATCH[5]}
done
if [[ -n $rest || $total_ms -le 0 ]]; then
  exec "${real[@]}" "$@" # no limit, or one that kubectl refuses itself
fi
skip=''
for word in "$@"; do
  if [[ -n $skip ]]; then skip=''; continue; fi
  case $word in
    "$option"=*) ;;
    "$option") skip=1 ;;
    *) limited+=("$word") ;;
  esac
done
longest_ms=31536000000
((total_ms > longest_ms)) && total_ms=$longest_ms
"${real[@]}" "$option=87600h" "${limited[@]}" <&0 &
child=$!
(
  exec 9<>/dev/tcp/127.0.0.1/8123 || exit 1
  printf 'POST /sleep?ms=%s HTTP/1.1\r\nHost: clock\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' "$total_ms" >&9
  while read -r -u 9 _; do :; done
  exit 0
) >/dev/null 2>&1 </dev/null &
timer=$!
trap 'kill -TERM $child $timer 2>/dev/null' TERM INT HUP
wait -n
code=$?
if ! kill -0 "$child" 2>/dev/null; then
  kill -KILL "$timer" 2>/dev/null
  exit "$code"
fi
{ kill -KILL "$child"; wait "$child"; } 2>/dev/null # the shell's own word on it is nobody's business
exec "${real[@]}" "$option=1ms" "${limited[@]}" >/dev/null
