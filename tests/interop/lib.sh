# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For interoperability tests, after cluster/vms.sh: what nodes say and show.

# lines that stock nodes write among themselves, too, and what either kind says when a
# connection breaks
log_usual='dlm_user_daemon|log_(debug|info)|not ready|reject reply|dlm_add_requestqueue|connection lost|socket error'
log_usual+='|cannot connect|connect to node|got EOF'

# nodes_of stock|ours
nodes_of() {
	local i
	for i in $NODES_UP; do
		case $1:${OURS-} in
		ours:*"$i"*) echo "$i" ;;
		ours:*) ;;
		stock:*"$i"*) ;;
		*) echo "$i" ;;
		esac
	done
}
stock_nodes() { nodes_of stock; }
is_stock() { [[ "${OURS-}" != *"$1"* ]]; }

# becomes NODE ours|stock - it is about to get the other module; KO is its file
becomes() {
	local of=KO_STOCK_$1
	OURS=${OURS//$1/}
	[ "$2" = stock ] || of=KO_OURS_$1 OURS+=$1
	# shellcheck disable=SC2034 # for the test
	KO=${!of}
}

# log_has NODE REGEX
log_has() { on "$1" dmesg | grep -qE "$2"; }

# logs_clean TEXT [REGEX] - no node complained, but for lines with REGEX
logs_clean() {
	local i got
	for i in $NODES_UP; do
		got=$(on "$i" dmesg | grep -E 'dlm' |
			grep -iE 'WARN|BUG|invalid|ignor|unexpected|error|mismatch|bad |duplicate|reject' |
			grep -vE "$log_usual${2:+|$2}" | head -5)
		same "$1: node $i does not complain" "$got" ""
	done
}

# dumped NODE LS RESOURCE - its locks there: "grmode rqmode", sorted
dumped() { on "$1" dlm_tool lockdump -M "$2" | grep "\"$3\"" | sed -E 's/.*gr ([A-Z]+) rq ([A-Z]+).*/\1 \2/' | sort; }

# waiting_for_peer NODE LS - operations without an answer
waiting_for_peer() { on "$1" cat "/sys/kernel/debug/dlm/$2_waiters"; }
no_waiters() { [ -z "$(waiting_for_peer "$1" "$2")" ]; }

# trace_on NODE..., traced NODE - lock messages that it sent and got, one a line:
# "send TYPE" or "recv TYPE", as numbers of the wire
trace_on() {
	local i
	for i; do
		on "$i" sh -c 'cd /sys/kernel/tracing && echo >trace &&
			for e in send recv; do echo 1 >events/dlm/dlm_${e}_message/enable; done'
	done
}
trace_off() {
	local i
	for i; do on "$i" sh -c 'cd /sys/kernel/tracing && echo 0 >events/dlm/enable'; done
}
traced() { on "$1" cat /sys/kernel/tracing/trace | grep -v '^#'; }

# --- what goes over the wire (libdlm/raw_wire.c) ---------------------------
# The first guest sees the packets of all.

WIRE=/run/wire WIRE_FROM=1
wire_on() {
	raw_wire watch eth0 "$WIRE" || bail "no view of the network"
	wait_for 20 grep -q '^pid ' "$WIRE"
	WIRE_PID=$(sed -n 's/^pid //p' "$WIRE") WIRE_AT=1
}
wire_off() { kill "$WIRE_PID"; }

# wire_sync - all that was said before is in the file: a packet of our own comes after it
MARKS=0
wire_sync() {
	MARKS=$((MARKS + 1))
	echo "$MARKS" >/dev/udp/10.0.0.2/21065
	wait_for 20 grep -q "^MARK $MARKS\$" "$WIRE" || fail "the view of the network is late"
}

# wire_mark - what is said from now on counts
wire_mark() {
	wire_sync
	WIRE_AT=$(grep -n "^MARK $MARKS\$" "$WIRE" | cut -d: -f1 | tail -1)
}

# wire [REGEX] - lines since the mark
wire() { tail -n "+$((WIRE_AT + 1))" "$WIRE" | grep -E "${1-.}"; }

# wire_talk - lock messages since the mark, in short: "1>2 LOOKUP, 2>1 LOOKUP_REPLY:1";
# behind the colon is who is master, the result, or the mode. REMOVE comes when it likes
wire_talk() {
	tail -n "+$((WIRE_AT + 1))" "$WIRE" | awk -v kinds='^(REQUEST|CONVERT|UNLOCK|CANCEL|GRANT|BAST|LOOKUP|PURGE)' '
		$3 !~ /^seq=[0-9]/ || $4 !~ kinds || $NF == "again" { next }
		{
			for (i = 5; i <= NF; i++) { split($i, a, "="); v[a[1]] = a[2] }
			s = $2 " " $4
			if ($4 == "LOOKUP_REPLY") s = s ":" v["node"]
			else if ($4 ~ /_REPLY/) s = s ":" v["res"]
			else if ($4 == "BAST") s = s ":" v["bast"]
			t = t (t == "" ? "" : ", ") s
		}
		END { print t }'
}

# said TEXT TALK - exactly that since the mark
said() {
	wait_for 5 _said "$2"
	wire_sync
	same "$1" "$(wire_talk)" "$2"
}
_said() { [ "$(wire_talk)" = "$1" ]; }

# heard SECONDS REGEX - such a line comes, or has come since the mark
heard() { wait_for "$1" _heard "$2"; }
_heard() { wire "$1" >/dev/null; }

# wire_clean TEXT - nobody said what no node may say, since the beginning or wire_forget
wire_clean() {
	local odd
	odd=$(tail -n "+$WIRE_FROM" "$WIRE" | grep -E '^BAD' | head -5)
	same "$1: nothing odd on the wire" "$odd" ""
	[ -z "$odd" ] || cp "$WIRE" /shared/wire
}
wire_forget() { WIRE_FROM=$(wc -l <"$WIRE"); }

# --- load (libdlm/raw_stress.c) --------------------------------------------

REFEREE=10.0.0.1:7200
declare -A STRESS
referee_on() {
	raw_stress referee "$REFEREE" >/run/referee || bail "no referee"
	wait_for 20 grep -q '^pid ' /run/referee
}
referee_off() { kill "$(sed -n 's/^pid //p' /run/referee)"; }
referee() { raw_stress tell "$REFEREE" "$@"; }

# fragile NODE - a stock 7.x node: it uses a lock that is freed already when the refusal of a
# request comes back very fast, and falls over (dlm_user_request), among stock nodes, too
declare -A RELEASE
fragile() {
	is_stock "$1" || return
	: "${RELEASE[$1]:=$(on "$1" uname -r)}"
	[[ "${RELEASE[$1]}" == 7.* ]]
}

# gently COMMAND... - where there is a stock 7.x node, and refusals are what is tested: they take a moment
gently() {
	local i rc
	for i in $NODES_UP; do ! fragile "$i" || break; done
	if ! fragile "$i"; then
		"$@"
		return
	fi
	for i in $NODES_UP; do net_filter "$i" delay 30ms; done
	"$@"
	rc=$?
	for i in $NODES_UP; do net_plain "$i"; done
	return "$rc"
}

# must_wait TEXT AGENT NAME MODE RESOURCE - this cannot be granted now: it is refused, or, where that is
# not borne, waits until it is cancelled
must_wait() {
	local text=$1 a=$2
	if fragile "${a%%[a-z]*}"; then
		does "$text" ok "$a" lock "${@:3}"
		does "$text: cancel" ok "$a" cancel "$3"
		does "$text: cancelled" cancelled "$a" wait "$3"
	else
		does "$text" EAGAIN "$a" get "${@:3}" noqueue
	fi
}

# forgetful NODE - a stock 6.1 or 6.12 node: its conversion between PR and CW that was not answered
# when the master went away may be lost, or granted to others as well (recovery.md 9.3), among stock
# nodes, too
forgetful() {
	is_stock "$1" || return
	: "${RELEASE[$1]:=$(on "$1" uname -r)}"
	[[ "${RELEASE[$1]}" == 6.* ]]
}

# stress_on LS NODE [OPTION...] - a process there begins. LEAVING: masters go away meanwhile
stress_on() {
	local ls=$1 i=$2
	shift 2
	! fragile "$i" || set -- -w "$@"
	[ -z "${LEAVING-}" ] || [ -n "${DLM_MIDDLE-}" ] || ! forgetful "$i" || set -- -m "$@"
	on "$i" raw_stress run "$ls" "$REFEREE" "$i" "$@" >"/run/stress.$i" &
	STRESS[$i]=$!
}

# stress_off TEXT NODE... - they end, and had nothing to complain of
stress_off() {
	local text=$1 i rc
	shift
	[ "$(referee errors)" = 0 ] || look_around
	for i; do referee quit "$i"; done
	wait_for 90 _ended "$@" || look_around
	for i; do
		wait "${STRESS[$i]}"
		rc=$?
		[ "$rc" = 0 ] || look_around
		grep -E '^(PASS|FAIL|DONE)' "/run/stress.$i"
		same "$text: the load on $i ended well" "$rc" 0
		unset "STRESS[$i]"
	done
	same "$text: violations" "$(referee errors)" 0
}

_ended() {
	local i
	for i; do ! kill -0 "${STRESS[$i]}" 2>/dev/null || return 1; done
}

# rolling_begin N - nodes 1 to 3 under load, of which masters leave and others take over
rolling_begin() {
	local i
	guests_up tcp
	LEAVING=1
	wire_on
	referee_on
	check "join" ls_join x 1 2 3
	ls_running x 1 2 3
	for i in 1 2 3; do stress_on x "$i"; done
	progress "$1" 600
}

# rolling NODE N COMMAND [ARGUMENT...] - it leaves, the command is done, it joins again, and N operations go on
rolling() {
	local i=$1 more=$2
	shift 2
	stress_off "rolling: $i leaves the load" "$i"
	# what nobody has a lock on at that moment loses its value block
	referee unsure
	check "rolling: $i leaves" ls_leave x "$i"
	# shellcheck disable=SC2046,SC2086 # lists
	ls_running x ${MEMBERS[x]}
	referee sure
	"$@"
	referee unsure
	check "rolling: $i joins again" ls_join x "$i"
	ls_running x 1 2 3
	referee sure
	stress_on x "$i"
	progress "$more" 600
}

# rolling_end - the load had no fault, nor anybody a complaint
rolling_end() {
	local i
	stress_off "rolling" 1 2 3
	for i in 1 2 3; do check "rolling: nothing outstanding on $i" wait_for 20 no_waiters "$i" x; done
	ls_end x
	logs_clean "rolling"
	wire_clean "rolling"
	wire_off
	referee_off
	guests_down
	finish
}

# progress N [SECONDS] - until so many more operations were granted, on all nodes together
progress() {
	referee more "$1" "${2-60}" && return
	fail "no progress: $(referee count) operations"
	look_around
	return 1
}

# look_around - what could tell why nothing goes on; what went over the wire is kept beside the logs
look_around() {
	local i
	cp "$WIRE" /shared/wire 2>/dev/null
	for i in $NODES_UP; do
		echo "--- node $i"
		# shellcheck disable=SC2016 # for a shell there
		on "$i" sh -c 'ss -tanH "( sport = :21064 or dport = :21064 )"; head -50 /sys/kernel/debug/dlm/*_waiters
			head -600 /sys/kernel/debug/dlm/*_locks
			cat "/sys/kernel/debug/dlm/node peers" 2>/dev/null | grep -v " 0$"
			for f in /sys/kernel/debug/dlm/comms/*/*[!g]; do echo "$f $(cat $f)"; done 2>/dev/null
			for p in /proc/[0-9]*; do grep -q dlm $p/stack 2>/dev/null && { cat $p/comm $p/stack; }; done'
	done
}

# --- networks that do what they should not ------------------------------

# resets NODE - its connections end with a reset
resets() { on "$1" ss -K -t -H "( sport = :21064 or dport = :21064 )" >/dev/null; }

# figure NODE PEER NAME - of one of ours: what it counts about another one
figure() {
	on "$1" cat "/sys/kernel/debug/dlm/node peers" |
		awk -v p="$2" -v f="$3" '$1 == p && $2 == f { print $3 }'
}

# comms NODE PEER FILE - of a stock node
comms() { on "$1" cat "/sys/kernel/debug/dlm/comms/$2/$3"; }

# --- one node at a time -----------------------------------------------------

# joiner NODE LS [FLAGS] - creates it and waits for its daemon; JOIN is its process
joiner() {
	on "$1" ns_ls join "$2" ${3:+"$3"} >"/run/join.$1" 2>&1 &
	# shellcheck disable=SC2034 # for the test
	JOIN=$!
	wait_for 20 has_sys "$1" "$2/control" || fail "no $2 on $1"
	put_sys "$1" "$2" id "${LS_ID[$2]}"
}

# start LS NODE MEMBER... - one node is given its members, and starts
start() {
	configure "$2" members "$1" "${@:3}" || fail "members of $1 on $2"
	put_sys "$2" "$1" control 1
}

# --- nodes made by hand (peer.py), which the first guest plays -----------------

# by_hand NODE LS ID@ADDRESS SCENARIO... - says it to NODE
by_hand() {
	local i=$1 ls=$2 me=$3
	shift 3
	run_prog /usr/bin/python3 "$VM_DIR/../interop/peer.py" "$me" "$i@$(ns_addr "$i")" "${LS_ID[$ls]}" "$@"
}

# member_by_hand NODE LS ID OPTION... - somebody who answers as a member would, until
# member_ends
member_by_hand() {
	local i=$1 ls=$2 id=$3
	shift 3
	rm -f /run/peer.stop /run/peer.go
	ip addr add "10.0.0.$id/24" dev eth0 2>/dev/null
	configure "$i" comm "$id" "10.0.0.$id"
	/usr/bin/python3 "$VM_DIR/../interop/peer.py" "$id@10.0.0.$id" "$i@$(ns_addr "$i")" "${LS_ID[$ls]}" \
		member "$@" >/run/peer.out 2>&1 &
	MEMBER=$! MEMBER_ID=$id
	wait_for 60 grep -q ready /run/peer.out || fail "no member by hand: $(cat /run/peer.out)"
}
member_ends() {
	: >/run/peer.stop
	wait "$MEMBER"
	# not refused: 6.1 would ask again hundreds of times a second
	ip addr del "10.0.0.$MEMBER_ID/24" dev eth0
	run_prog cat /run/peer.out
}

# --- the same in several tests ---------------------------------------------

MODES=(NL CR CW PR PW EX)
# row: held, column: wanted
TOGETHER=(
	"1 1 1 1 1 1"
	"1 1 1 1 1 0"
	"1 1 1 0 0 0"
	"1 1 0 1 0 0"
	"1 1 0 0 0 0"
	"1 0 0 0 0 0"
)

# mode_pairs HOLDER REQUESTER MASTER - 38: all of them
mode_pairs() {
	local h=$1 r=$2 m=$3 i j row want res=m$1$2$3 bad=$FAILED
	does "38: $m is master" granted "${m}m" get m NL "$res"
	for i in 0 1 2 3 4 5; do
		does "38: $h holds ${MODES[i]}" granted "$h" get h "${MODES[i]}" "$res"
		read -ra row <<<"${TOGETHER[i]}"
		for j in 0 1 2 3 4 5; do
			want=EAGAIN
			[ "${row[j]}" = 0 ] || want=granted
			does "38: ${MODES[i]} on $h, ${MODES[j]} on $r, master $m" "$want" \
				"$r" get r "${MODES[j]}" "$res" noqueue
			[ "${row[j]}" = 0 ] || tell "$r" put r
		done
		if [ "${row[5]}" = 0 ]; then
			does "38: $r waits" ok "$r" lock r EX "$res"
			does "38: $h is told" yes "$h" bast h
			same "38: the queues on master $m" "$(dumped "$m" x "$res")" \
				"$(printf '%s\n' "NL IV" "${MODES[i]} IV" "IV EX" | sort)"
			if [ "$h" = "$m" ]; then
				same "38: what $r knows of it" "$(dumped "$r" x "$res")" "IV EX"
			else
				same "38: what $h knows of it" "$(dumped "$h" x "$res")" "${MODES[i]} IV"
			fi
			does "38: $h: unlock" unlocked "$h" put h
			does "38: $r: granted" granted "$r" wait r
			does "38: $r: unlock" unlocked "$r" put r
		else
			does "38: $h: unlock" unlocked "$h" put h
		fi
	done
	does "38: $m: unlock" unlocked "${m}m" put m
	[ "$FAILED" = "$bad" ]
}

# slots NODE LS - what it said last of them: "GENERATION: SLOT:NODE ..."
slots() {
	local said
	said=$(on "$1" dmesg | sed -n "s/.*dlm: $2: generation \([0-9]*\) slots [0-9]* /\1 /p" | tail -n 1)
	echo "${said%% *}: $(tr ' ' '\n' <<<"${said#* }" | sort | xargs)"
}

# recovered TEXT LS SLOTS NODE... - nodes agree on the table, and on how far recovery is
recovered() {
	local text=$1 ls=$2 want=$3 i low status
	shift 3
	ls_running "$ls" "$@"
	low=$(printf '%s\n' "$@" | sort -n | head -1)
	for i; do
		same "$text: slots on $i" "$(slots "$i" "$ls")" "$want"
		status=55
		[ "$i" != "$low" ] || status=ff
		same "$text: status of $i" "$(get_sys "$i" "$ls" recover_status)" "$status"
	done
}

# closed_on STOCK_NODE PEER - it has forgotten what was said, or, without a lockspace, the peer
closed_on() {
	case $(comms "$1" "$2" version 2>&1) in ''|0x0|0x00000000|*'No such file'*) ;; *) false ;; esac
}
