# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Words for tests with several nodes, after ns.sh or corosync.sh, which say what
# a node is and how the test reaches it:
#
#	on NODE COMMAND...	run a program on a node
#	endpoint NODE AGENT	where an agent listens
#	spawn NODE COMMAND...	a program of a node in the background; its pid is $!
#
# An agent is a process that does with locks what it is told (libdlm/lt_agent.c).
# AGENT is NODE, or NODE followed by letters for more of them on that node.

# agent LOCKSPACE AGENT... - start them
agent() {
	local ls=$1 a
	shift
	for a; do
		on "${a%%[a-z]*}" lt_agent serve "$(endpoint "${a%%[a-z]*}" "$a")" "$ls" ||
			bail "agent $a of $ls"
	done
}

# ask AGENT COMMAND... - what it answers
ask() {
	local a=$1
	shift
	lt_agent ask "$(endpoint "${a%%[a-z]*}" "$a")" "$@"
}

# tell AGENT COMMAND... - sets ANSWER to one line; needs no process, which counts in an
# emulated machine. Not in a subshell
declare -A ENDPOINT
tell() {
	local a=$1
	shift
	[ -n "${TALK_PID-}" ] || coproc TALK { exec lt_agent talk; }
	[ -n "${ENDPOINT[$a]-}" ] || ENDPOINT[$a]=$(endpoint "${a%%[a-z]*}" "$a")
	ANSWER='nobody to ask'
	echo "${ENDPOINT[$a]} $*" >&"${TALK[1]}" && read -r -u "${TALK[0]}" ANSWER
}

# quit AGENT... - they end, and what they lock
quit() {
	local a
	for a; do tell "$a" quit; done
}

# does TEXT ANSWER AGENT COMMAND... - the agent must give this answer
does() {
	local text=$1 want=$2
	shift 2
	tell "$@"
	if [ "$ANSWER" = "$want" ]; then
		pass "$text"
	else
		fail "$text: node ${1}: '${*:2}' gave '$ANSWER', wanted '$want'"
	fi
}

# fragile NODE - it does not bear the refusal of a NOQUEUE request; none of ours (interop/lib.sh)
fragile() { false; }

# play_modes A B - one holds, the other waits, is told, gets it
play_modes() {
	local a=$1 b=$2
	does "$a: EX" granted "$a" get x EX modes
	fragile "$b" || does "$b: NOQUEUE meets it" EAGAIN "$b" get x EX modes noqueue
	does "$b: EX waits" ok "$b" lock x EX modes
	does "$a is told" yes "$a" bast x
	does "$b still waits" yes "$b" pending x
	does "$a: down to NL" granted "$a" set x NL
	does "$b has it" granted "$b" wait x
	does "$a: PR waits" ok "$a" conv x PR
	does "$b is told" yes "$b" bast x
	does "$b: down to PR" granted "$b" set x PR
	does "$a: both read" granted "$a" wait x
	does "$a: up to EX waits" ok "$a" conv x EX
	does "$b is told again" yes "$b" bast x
	does "$a: cancel" ok "$a" cancel x
	does "$a: cancelled" cancelled "$a" wait x
	does "$b: EX waits" ok "$b" conv x EX
	does "$a is told" yes "$a" bast x
	does "$a: unlock" unlocked "$a" put x
	does "$b: alone now" granted "$b" wait x
	does "$b: unlock" unlocked "$b" put x
}

# play_lvb A B - what one wrote the other reads, and an invalid block is seen
play_lvb() {
	local a=$1 b=$2
	does "$a: value block" granted "$a" get v EX lvb
	does "$b: NL" granted "$b" get v NL lvb
	does "$a writes going down" "granted lvb=one" "$a" set v NL lvb=one
	does "$b reads" "granted lvb=one" "$b" set v PR valblk
	does "$b: up, nothing stored" "granted lvb=one" "$b" set v EX valblk
	does "$b writes" "granted lvb=two" "$b" set v CR lvb=two
	does "$a reads" "granted lvb=two" "$a" set v PW valblk
	does "$a writes without changing the mode" "granted lvb=three" "$a" set v PW lvb=three
	does "$a invalidates" granted "$a" set v NL ivvalblk
	does "$b sees that" "granted lvb=three VALNOTVALID" "$b" set v PR valblk
	does "$b: up" "granted lvb=three VALNOTVALID" "$b" set v EX valblk
	does "$b: valid again" "granted lvb=four" "$b" set v NL lvb=four
	does "$a reads it" "granted lvb=four" "$a" set v PR valblk
	does "$a: unlock" unlocked "$a" put v
	does "$b: unlock" unlocked "$b" put v
}

# play_three A B C - modes that go together, the order of a queue
play_three() {
	local a=$1 b=$2 c=$3
	does "$a: PR" granted "$a" get q PR three
	does "$b: PR" granted "$b" get q PR three
	does "$c: CR" granted "$c" get q CR three
	does "$b: unlock" unlocked "$b" put q
	does "$b: EX waits" ok "$b" lock q EX three
	does "$a is told" yes "$a" bast q
	does "$c is told" yes "$c" bast q
	does "$c: convert to PR goes before" granted "$c" set q PR
	does "$a: unlock" unlocked "$a" put q
	does "$b waits for the other" yes "$b" pending q
	does "$c: unlock" unlocked "$c" put q
	does "$b: granted" granted "$b" wait q
	does "$b: unlock" unlocked "$b" put q
}

# play_all A B C
play_all() {
	play_modes "$1" "$2"
	play_modes "$2" "$3"
	play_modes "$3" "$1"
	play_lvb "$1" "$2"
	play_lvb "$3" "$2"
	play_three "$1" "$2" "$3"
}
