#!/bin/sh
# Stops process $2 with SIGTERM when GNU make, process $1, was told to stop but told nobody.
#
# Ctrl-C reaches the whole process group and SIGTERM is passed on by make itself; but a SIGINT or SIGHUP sent to make
# alone makes it wait for its command without a word. It then no longer catches that signal, which shows in /proc.
caught() { sed -n 's/^SigCgt:.*\(.\)$/\1/p' "/proc/$1/status" 2>/dev/null; } # the digit of HUP, INT and QUIT

at_first=$(caught "$1")
while kill -0 "$2" 2>/dev/null; do
    [ "$(caught "$1")" = "$at_first" ] || exec kill -TERM "$2"
    sleep 0.5
done
