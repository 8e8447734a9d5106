# shellcheck shell=bash
# A process is known by its number and its time of birth, since numbers are used again.

born() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
alive() { [[ "$(born "$1")" == "$2" ]] && ! grep -q ') Z ' "/proc/$1/stat" 2>/dev/null; }
