#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 90
# smoke: yes
# What dlm_tool reads from debugfs, with names that are hard to print.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
D=/sys/kernel/debug/dlm
stock= ; [ -e /sys/module/dlm/parameters/solo ] || stock=1

# hold NAME MODE RESOURCE FLAGS VALUE... - a process that keeps the locks; its id in HOLDER
hold() {
	raw_ls hold "$@" >/run/holding &
	HOLDER=$!
	wait_for 20 grep -q holding /run/holding || bail "no holder"
}
release() { kill "$1"; wait "$1" 2>/dev/null; }

check "create" raw_ls create dbg
for f in '' _locks _all _toss _waiters; do
	check "dbg$f exists" test -r "$D/dbg$f"
done
same "_all of an empty lockspace" "$(wc -l <"$D/dbg_all")" "$([ -n "$stock" ] && echo 0 || echo 1)"
lines=$(cat "$D/dbg_all" "$D/dbg_toss" "$D/dbg_waiters" | grep -cv '^version')
same "nothing else in an empty one" "$lines" 0
same "lockdump of nothing" "$(dlm_tool lockdump dbg 2>&1)" ""
# errors OUTPUT - what dlm_tool could not parse; "nodeid error 0" is a counter of its summary
errors() { grep -iE 'error|parse|invalid' <<<"$1" | grep -vE '^ *nodeid error +0$'; }
check_not "lockdebug of nothing has no errors" errors "$(dlm_tool lockdebug -s -v -w dbg 2>&1)"

long=$(printf 'L%.0s' {1..64})
hex64=$(printf '\001%.0s' {1..64})
# modes and flags as numbers: EX 5, PR 3, CR 1, NL 0; VALBLK 8, CONVERT is separate
hold dbg 5 plain 8 "some value" 3 plain 0 "" 3 'quo"te"s' 0 "" 1 $'new\nline' 0 "" \
	0 $'\200\377\001' 0 "" 3 "$long" 8 "" 1 "$hex64" 0 "" 1 "a b" 0 "" 0 "str hex" 0 "" \
	0 "%s%n" 0 "" 5 '' 0 ""
dump=$(dlm_tool lockdump dbg 2>&1)
[ -n "$stock" ] || same "lockdump shows all locks" "$(grep -c '^id ' <<<"$dump")" 11
if [ -z "$stock" ]; then	# a newline in a name breaks its line there
	check "lockdump: holder" grep -qE '^id [0-9a-f]+ gr EX rq IV pid [0-9]+ master 0 "plain"$' <<<"$dump"
	check "lockdump: waiter" grep -qE '^id [0-9a-f]+ gr IV rq PR pid [0-9]+ master 0 "plain"$' <<<"$dump"
	check "lockdump: 64 bytes" grep -q "\"$long\"" <<<"$dump"
	check "lockdump: pid is the owner's" grep -q "pid $HOLDER " <<<"$dump"
	check "lockdump: quotes are dots" grep -qF '"quo.te.s"' <<<"$dump"
	check "lockdump: newlines are dots" grep -qF '"new.line"' <<<"$dump"
	check "_locks: one line each, 14 fields" awk 'NR > 1 && NF < 13 { bad = 1 }
		END { exit bad || NR != 12 }' "$D/dbg_locks"
	check "_locks: no line over 1023 bytes" awk 'length > 1023 { exit 1 }' "$D/dbg_locks"
	# quotes: exactly two in each lock's line
	check "_locks: two quotes a line" awk -F'"' 'NR > 1 && NF != 3 { exit 1 }' "$D/dbg_locks"
	check "_locks: nothing unprintable" awk '/[^ -~]/ { exit 1 }' "$D/dbg_locks"
fi

show=$(dlm_tool lockdebug -s -v -w dbg 2>&1)
if [ -z "$stock" ]; then
	check_not "lockdebug: no errors" errors "$show"
	same "lockdebug: resources" "$(grep -c '^Resource len' <<<"$show")" 10
	check "lockdebug: value block" grep -q '^LVB len 32 seq 1' <<<"$show"
	check "lockdebug: its bytes" grep -q '^73 6f 6d 65 20 76 61 6c 75 65 00' <<<"$show"
	check "lockdebug: odd name in hex" grep -qE 'Resource len +3 hex 80 ff 01$' <<<"$show"
	# the summary leaves the last resource out, with Linux's own module too
	same "lockdebug: summary" "$(awk '$1 == "active" { print $2 }' <<<"$show")" 9
	check "_all: header first" test "$(head -1 "$D/dbg_all")" = "version rsb 1.1 lvb 1.1 lkb 1.1"
	check "_all: lkb lines have 16 fields" awk '$1 == "lkb" && NF != 17 { exit 1 }' "$D/dbg_all"
	check "_all: rsb flags are decimal" awk '$1 == "rsb" && $5 !~ /^[0-9]+$/ { exit 1 }' "$D/dbg_all"
	check "_all: token has neither str nor hex" awk '$1 == "rsb" && $2 ~ /str|hex/ { exit 1 }' "$D/dbg_all"
	check "_toss: header" test "$(head -1 "$D/dbg_toss")" = "version 4 rsb 2"
	check "_toss: time of at most 15 characters" awk '$1 == "rsb" && length($7) > 15 { exit 1 }' "$D/dbg_toss"
	check "people's file names the value" grep -q '^LVB: 73 6f 6d 65' "$D/dbg"
	check "people's file names modes" grep -qE '^[0-9a-f]{8} -- \(PR\)' "$D/dbg"
fi

# a conversion that waits
other=$HOLDER
hold dbg 3 conv 0 "" 1 conv 0 ">5"
dump=$(dlm_tool lockdump dbg 2>&1)
check "lockdump: conversion" grep -qE '^id [0-9a-f]+ gr CR rq EX pid [0-9]+ master 0 "conv"$' <<<"$dump"
check "_locks: its state is 3" awk '$NF == "\"conv\"" && $8 == 3 && $9 == 1 && $10 == 5 { ok = 1 }
	END { exit !ok }' "$D/dbg_locks"
check "_locks: it waits since some microseconds" awk '$NF == "\"conv\"" && $8 == 3 && $11 > 0 { ok = 1 }
	END { exit !ok }' "$D/dbg_locks"
check "lockdebug: conversion" grep -qE '^[0-9a-f]{8} CR \(EX\)' <<<"$(dlm_tool lockdebug dbg 2>&1)"
[ -n "$stock" ] || check "_all: mode of the last blocking AST" \
	awk '$1 == "lkb" && $9 == 2 && $10 == 3 && $12 == 5 { ok = 1 } END { exit !ok }' "$D/dbg_all"
release "$HOLDER"
release "$other"
same "lockdump when all are gone" "$(dlm_tool lockdump dbg 2>&1)" ""

# many
args=()
for i in $(seq 600); do args+=($((i % 6)) "resource number $i" 0 ""); done
hold dbg "${args[@]}"
same "lockdump of 600 locks" "$(dlm_tool lockdump dbg | grep -c 'resource number')" 600
same "lockdebug of 600" "$(dlm_tool lockdebug dbg 2>&1 | grep -c '^Resource.*resource number')" 600
release "$HOLDER"

# a file held open does not outlive its lockspace's data
if [ -z "$stock" ]; then
	hold dbg 5 x 0 ""
	exec 7<"$D/dbg_all" 8<"$D/dbg_locks"
	read -r _ <&7
	check "force release under a reader" raw_ls remove dbg force
	cat <&7 >/dev/null 2>&1
	cat <&8 >/dev/null 2>&1
	exec 7<&- 8<&-
	pass "reading on is harmless"
	check_not "files are gone" test -e "$D/dbg_locks"
	release "$HOLDER"

	# names that collide there must not matter
	check "create a" raw_ls create a
	check "create a_locks" raw_ls create a_locks
	check "create a_all" raw_ls create a_all
	check "release a" raw_ls remove a
	check "a_locks still works" test -c /dev/misc/dlm_a_locks
	check "create a again" raw_ls create a
	for n in a_locks a a_all; do check "release $n" raw_ls remove "$n"; done
	same "debugfs: no lockspace is left" "$(find "$D" -mindepth 1 -name 'a*')" ""
fi
[ -z "$stock" ] || raw_ls remove dbg force
dlm_down
finish
