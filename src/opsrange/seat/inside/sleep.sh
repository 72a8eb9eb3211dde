#!/bin/bash
# sleep NUMBER[SUFFIX]...: passes virtual time. Bash alone, because it starts in a millisecond.
unset BASH_ENV
if (($# == 0)); then
  printf '%s\n' "sleep: missing operand" "Try 'sleep --help' for more information." >&2
  exit 1
fi
case $1 in
  --help) printf 'Usage: sleep NUMBER[SUFFIX]...\nPause for NUMBER seconds. SUFFIX may be s, m, h or d.\n'; exit 0 ;;
  --version) echo 'sleep (virtual time)'; exit 0 ;;
  --) shift ;;
esac
total_ms=0
for word in "$@"; do
  if [[ $word == inf || $word == infinity ]]; then
    total_ms=$((total_ms + 3153600000000))
    continue
  fi
  if ! [[ $word =~ ^([0-9]*)(\.([0-9]*))?([smhd]?)$ ]] || [[ -z ${BASH_REMATCH[1]}${BASH_REMATCH[3]} ]]; then
    printf "sleep: invalid time interval '%s'\nTry 'sleep --help' for more information.\n" "$word" >&2
    exit 1
  fi
  fraction=${BASH_REMATCH[3]}000
  value_ms=$((10#0${BASH_REMATCH[1]} * 1000 + 10#${fraction:0:3}))
  case ${BASH_REMATCH[4]} in
    m) value_ms=$((value_ms * 60)) ;;
    h) value_ms=$((value_ms * 3600)) ;;
    d) value_ms=$((value_ms * 86400)) ;;
  esac
  total_ms=$((total_ms + value_ms))
done
longest_ms=31536000000
((total_ms > longest_ms)) && total_ms=$longest_ms
exec 9<>/dev/tcp/127.0.0.1/8123 || exit 1
printf 'POST /sleep?ms=%s HTTP/1.1\r\nHost: clock\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' "$total_ms" >&9
while read -r -u 9 _; do :; done
exit 0
