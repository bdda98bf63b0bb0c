#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# deps.sh - install what building and testing need, on Debian 12.
#
# usage: tests/deps.sh [-n] [GROUP...]	(default: build)
#   build   compile the module for the running kernel
#   vm      boot kernels in QEMU, compile the test programs. Cluster daemons and
#           nft go into DLM_CACHE/guest, which guests see: installed, they would start
#   m32     what 32-bit test programs need, into DLM_CACHE/m32
#   kunit   compile kernels for KUnit
#   lint    style checks
#   all     all of these
#   -n      print what is missing, install nothing
#
# Only missing packages are installed; when nothing is missing this takes a
# moment and needs neither root nor network.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/vm/apt.sh
. "$here/vm/apt.sh"

packages() {
	case $1 in
	build) echo gcc make linux-headers-amd64 libc6-dev kmod ;;
	vm)    echo gcc make libc6-dev kmod sparse rsync cpio xz-utils zstd \
			qemu-system-x86 busybox-static libdlm3 libdlm-dev udev strace \
			mmdebstrap iproute2 binutils mount procps util-linux python3 ;;
	m32)   echo gcc make ;;
	kunit) echo gcc make libc6-dev linux-source-6.1 flex bison bc libelf-dev libssl-dev \
			ccache cpio kmod python3 qemu-system-x86 rsync xz-utils ;;
	lint)  echo perl python3 python3-docutils shellcheck sparse linux-source-6.1 xz-utils ;;
	esac
}

# programs that only guests run, and what the machine lacks of their libraries
guest_packages="corosync dlm-controld nftables"
# a 32-bit sysroot: headers, C library, compiler runtime, libdlm
m32_packages="libc6 libc6-dev libgcc-s1 libgcc-12-dev linux-libc-dev libdlm3 libdlm-dev"

# missing PACKAGE... - one dpkg-query for all
missing() {
	local have p
	have=" $(dpkg-query -Wf '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		sed -n 's/^installed //p' | tr '\n' ' ') "
	for p; do
		[[ "$have" == *" $p "* ]] || echo "$p"
	done
}

need_root() { [ "$(id -u)" = 0 ] || die "must be root to install:" "$@"; }

install_packages() {
	local lack
	# shellcheck disable=SC2046 # a list
	lack=$(missing $(printf '%s\n' "$@" | sort -u))
	[ -n "$lack" ] || return 0
	if [ -n "$dry" ]; then
		echo "$lack"
		return 0
	fi
	need_root "${lack//$'\n'/ }"
	export DEBIAN_FRONTEND=noninteractive
	step "installing ${lack//$'\n'/ }"
	apt-get -qq -o DPkg::Lock::Timeout=600 update >&2 || die "apt-get update failed"
	# shellcheck disable=SC2086
	apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends $lack >"$log" 2>&1 ||
		{ tail -20 "$log" >&2; die "apt-get install failed"; }
	step "installed"
}

# merge_usr DIR - a package's /lib, /bin, /sbin would hide the machine's links
merge_usr() {
	local d
	for d in lib lib64 bin sbin; do
		[ -d "$1/$d" ] && [ ! -L "$1/$d" ] || continue
		mkdir -p "$1/usr/$d"
		cp -a "$1/$d/." "$1/usr/$d/" && rm -rf "${1:?}/$d"
	done
}

guest_tree() {
	local dir=$DLM_CACHE/guest lack tmp d
	# shellcheck disable=SC2086
	lack=$(missing $guest_packages)
	[ -n "$lack" ] && [ "$(cat "$dir/.complete" 2>/dev/null)" != "$lack" ] || return 0
	[ -n "$dry" ] && { echo "$dir"; return 0; }
	step "what guests have besides: ${lack//$'\n'/ }"
	mkdir -p "$dir" || die "cannot write $dir"
	tmp=$(mktemp -d "$DLM_CACHE/fetch.XXXXXX") || exit 1
	mkdir -p "$tmp/partial"
	# shellcheck disable=SC2086
	apt-get -qq -y -o Dir::Cache::Archives="$tmp" -o APT::Sandbox::User=root \
		-o Debug::NoLocking=1 --no-install-recommends --download-only install $lack >"$log" 2>&1 ||
		{ tail "$log" >&2; rm -rf "$tmp"; die "cannot download $lack"; }
	for d in "$tmp"/*.deb; do dpkg-deb -x "$d" "$dir" || die "cannot unpack $d"; done
	rm -rf "$tmp" "$dir/usr/share/doc" "$dir/usr/share/man"
	merge_usr "$dir"
	echo "$lack" >"$dir/.complete"
}

m32_tree() {
	local dir=$DLM_CACHE/m32
	[ ! -e "$dir/.complete" ] || return 0
	[ -n "$dry" ] && { echo "$dir"; return 0; }
	(
		apt_private bookworm-i386 i386 bookworm
		apt_refresh
		step "32-bit libraries for the test programs"
		rm -rf "$dir"
		# shellcheck disable=SC2086
		fetch_into "$dir" $m32_packages
		rm -rf "${dir:?}/usr/share"
		# absolute links would leave the tree
		find "$dir" -type l -lname '/*' | while read -r l; do
			ln -sfn "$dir$(readlink "$l")" "$l"
		done
		touch "$dir/.complete"
	) || exit 1
}

usage() { sed -n '3,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }

dry=
[ "${1-}" = -n ] && { dry=1; shift; }
[ $# -gt 0 ] || set -- build
[ "$*" = all ] && set -- build vm m32 kunit lint
list=()
for g; do
	# shellcheck disable=SC2207
	case $g in
	build|vm|m32|kunit|lint) list+=($(packages "$g")) ;;
	*) usage ;;
	esac
done
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
install_packages "${list[@]}"
for g; do
	case $g in
	vm) guest_tree ;;
	m32) m32_tree ;;
	esac
done
exit 0
