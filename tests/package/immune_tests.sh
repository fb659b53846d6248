#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Usage: immune_tests.sh SOURCE_FOLDER
# Checks that every test that docs/immune.md names exists, that no defect is left out, and that a test with [immune-N]
# in its name or its body is named at defect N.
set -euo pipefail
shopt -s nullglob globstar

cd "$1"
document=docs/immune.md
last=84
broken=0

breach() {
    printf '%s\n' "$*" >&2
    broken=1
}

# "NUMBER<tab>TEST" for each test that the document names, and "NUMBER<tab>" for each line of its tables.
named=$(awk -F ' [|] ' '/^[|] [0-9]+[ab]? [|] / {
    sub(/^[|] /, "", $1)
    print $1 "\t"
    while (match($3, /`[^`]*`/)) {
        print $1 "\t" substr($3, RSTART + 1, RLENGTH - 2)
        $3 = substr($3, RSTART + RLENGTH)
    }
}' "$document")

# "<tab>TEST" for each test case, and "NUMBER<tab>TEST" for each [immune-NUMBER] in it.
existing=$(awk -v RS='\n(TEMPLATE_)?TEST_CASE' '{
    name = "(none)"
    text = $0
    if (sub(/^(_METHOD)?\([ \n]*([A-Za-z0-9_:]+,[ \n]*)?/, "", text)) {
        name = ""
        while (match(text, /^[ \n]*"[^"]*"/)) { # a literal may be in several pieces
            piece = substr(text, RSTART, RLENGTH)
            gsub(/^[ \n]*"|"$/, "", piece)
            name = name piece
            text = substr(text, RSTART + RLENGTH)
        }
        print "\t" name
    }
    text = $0
    while (match(text, /\[immune-[0-9]+[ab]?\]/)) {
        print substr(text, RSTART + 8, RLENGTH - 9) "\t" name
        text = substr(text, RSTART + RLENGTH)
    }
}' tests/**/*.cpp)

# has LIST LINE
has() {
    grep -qxF -- "$2" <<<"$1"
}

tab=$'\t'
while IFS=$tab read -r number name; do
    if [ -z "$name" ]; then
        continue
    elif [[ $name == package.* ]]; then
        [ -e "tests/package/${name#package.}.sh" ] || breach "$document: $number names a test that does not exist: $name"
    else
        has "$existing" "$tab$name" || breach "$document: $number names a test that does not exist: $name"
    fi
done <<<"$named"

while IFS= read -r line; do
    number=${line%%"$tab"*} name=${line#*"$tab"}
    [ -z "$number" ] || has "$named" "$line" || breach "$document: $number does not name a test that is for it: $name"
done <<<"$existing"

for number in $(seq "$last") 45a 45b; do
    has "$named" "$number$tab" || breach "$document: $number is left out"
done

exit "$broken"
