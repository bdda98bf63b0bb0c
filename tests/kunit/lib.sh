# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernel trees for tests/kunit/run: get the source package, give each flavour a
# tree whose fs/dlm is a copy of this project, configure and build it.
# The script that sources this sets here and project and uses what is set below.
# shellcheck disable=SC2034,SC2154

# shellcheck source=tests/vm/apt.sh
. "$here/../vm/apt.sh"

# flavour NAME - sets series, arch, fragments, image, qemu and kargs
# A kernel with KASAN cannot start through PVH: the first code that runs there
# is instrumented already, but has no shadow memory yet. It goes the long way.
flavour() {
	image=vmlinux
	series=6.1 arch=x86_64 fragments=(lean.config x86.config) kargs=(panic_on_warn=1 panic=-1) leaks=
	qemu=(-smp 2 -m 1024 -cpu max -accel tcg)
	# 7.x writes to the console later: what was said before a case makes it quiet must not get lost
	[ "$1" != 7x ] || kargs+=(ignore_loglevel)
	# checkers and emulation together are slow: a case must not take KUnit's five minutes
	case $1 in
	debug|7x) kargs+=(dlm.sim_seeds=24 dlm.kunit_remote_seeds=12) ;;
	kcsan) kargs+=(dlm.sim_seeds=8 dlm.kunit_remote_seeds=8) ;;
	esac
	case $1 in
	debug) fragments+=(vm.config debug.config); leaks=1 image=arch/x86/boot/bzImage ;;
	7x)    fragments+=(vm.config debug.config 7x.config); leaks=1 image=arch/x86/boot/bzImage series=7 ;;
	kcsan) fragments+=(kcsan.config) ;;
	plain) ;;
	# one instruction per nanosecond, whatever else runs on this machine
	count) qemu=(-smp 1 -m 2048 -cpu max -accel tcg -icount "shift=0,sleep=off")
	       kargs+=(dlm.figures_exact=1 dlm.figures_locks=100000) ;;
	uml)   arch=um fragments=(lean.config uml.config) image=linux qemu=() ;;
	umlkasan) arch=um fragments=(lean.config uml.config umlkasan.config) image=linux qemu=() ;;
	*)     die "no flavour $1" ;;
	esac
}

# source_suites - apt configuration of $series: 7 comes from trixie-backports
source_suites() {
	if [ "$series" = 6.1 ]; then
		apt_private bookworm amd64 bookworm bookworm-updates bookworm-security bookworm-backports
	else
		apt_private trixie amd64 trixie trixie-security trixie-backports
	fi
}

# find_source - sets package, version: the newest source package of $series.
# The machine's own package will do for 6.1.  Apt is asked twice a day, it is slow.
find_source() {
	local mark=$DLM_CACHE/src/newest.$series names='linux-source-6\.1'
	[ "$series" = 6.1 ] || names="linux-source-$series\\.[0-9]+"
	if [ -z "$(find "$mark" -mmin -720 2>/dev/null)" ]; then
		source_suites
		apt_refresh
		package=$(apt-cache pkgnames linux-source-"$series" | grep -xE "$names" | sort -V | tail -1)
		version=$(apt-cache madison "${package:-none}" | awk '{ print $3 }' | sort -V | tail -1)
		[ -n "$version" ] || die "no package linux-source-$series"
		mkdir -p "${mark%/*}"
		echo "$package $version" >"$mark"
	fi
	read -r package version <"$mark"
}

# get_source - sets src: the unpacked package, complete or absent
get_source() {
	local tmp
	find_source
	src=$DLM_CACHE/src/${package}_$version
	exec 7>"$DLM_CACHE/src/.lock.$series"
	flock 7
	if [ ! -d "$src" ]; then
		step "$package $version"
		tmp=$(mktemp -d "$DLM_CACHE/src/new.XXXXXX") || die "cannot write $DLM_CACHE"
		if [ "$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null)" = "$version" ]; then
			ln -s "/usr/src/$package.tar.xz" "$tmp/tar.xz"
		else
			source_suites
			fetch_into "$tmp/deb" "$package=$version"
			ln -s "deb/usr/src/$package.tar.xz" "$tmp/tar.xz"
		fi
		# the stock module's sources never reach the disk
		tar -xJf "$tmp/tar.xz" -C "$tmp" --exclude="$package/fs/dlm" || die "cannot unpack $package"
		mv "$tmp/$package" "$src" || die "cannot write $src"
		rm -rf "$tmp"
	fi
	exec 7>&-
	unset APT_CONFIG
}

# place_tree NAME - sets dir, tree and build of a flavour
place_tree() {
	dir=$DLM_CACHE/kunit/$1-$version
	tree=$dir/tree build=$dir/build
	mkdir -p "$dir" || die "cannot write $dir"
	if command -v ccache >/dev/null; then
		export CCACHE_DIR=$DLM_CACHE/ccache CCACHE_BASEDIR=$dir CCACHE_NOHASHDIR=1 \
			CCACHE_MAXSIZE=6G CCACHE_SLOPPINESS=time_macros
		[[ $PATH == /usr/lib/ccache:* ]] || PATH=/usr/lib/ccache:$PATH
	fi
}

# open_tree NAME - makes the tree, hard links to the package, unless it is there,
# and locks it until close_tree
open_tree() {
	get_source
	place_tree "$1"
	exec 9>"$dir/.lock"
	flock -n 9 || { step "waiting for another run of $1"; flock 9; }
	if [ ! -d "$tree" ]; then
		rm -rf "$dir/new"
		cp -al "$src" "$dir/new" || die "cannot link $src"
		mkdir "$dir/new/fs/dlm"
		mv "$dir/new" "$tree"
	fi
	mkdir -p "$build"
}

close_tree() { exec 9>&-; }

# copy_project TO - by content and without times: what did not change is not
# compiled again, whatever checkout it comes from, and no object is left behind
copy_project() {
	rsync -rlc --delete --prune-empty-dirs \
		--include='/Kbuild' --include='/Makefile' --include='/Kconfig' --include='/.kunitconfig' \
		--include='/dlm_core/***' --include='/dlm_user/***' --include='/dlm_lowcomms/***' \
		--include='/include/***' --include='/kunit/***' ${2:+--exclude="$2"} --exclude='*' \
		--filter='P *.o' --filter='P *.cmd' --filter='P *.ko' --filter='P *.mod*' \
		"$project/" "$1/" || die "cannot copy the sources"
}

# kunit_py SUBCOMMAND [ARGS...] - the kernel's own tool, for this flavour
kunit_py() {
	local sub=$1 f args
	shift
	args=(--arch="$arch" --build_dir="$build" --kunitconfig=fs/dlm)
	[ "$arch" = um ] || args+=(--qemu_config="$here/x86_64.py")
	for f in "${fragments[@]}"; do
		args+=(--kunitconfig="$here/$f")
	done
	(cd "$tree" && DLM_KUNIT_IMAGE=$image PATH=$here/bin:$PATH nice -n "${DLM_NICE:-5}" \
		/usr/bin/python3 -B tools/testing/kunit/kunit.py "$sub" "${args[@]}" "$@" 8>&- 9>&-)
}

# make_kernel TARGET... - just what is booted, kunit.py would make more
make_kernel() {
	# a task that ends sets its flags, and an interrupt meanwhile looks at them: theirs, and harmless
	nice -n "${DLM_NICE:-5}" make -C "$tree" O="$build" ARCH="$arch" -j"$(nproc)" \
		KCSAN_SANITIZE_signal.o=n "$@" 8>&- 9>&-
}

# build_kernel - prints only what matters; a warning in our files is an error
build_kernel() {
	local log=$dir/build.log
	copy_project "$tree/fs/dlm"
	if ! kunit_py config >"$log" 2>&1 || ! make_kernel "${image##*/}" >>"$log" 2>&1; then
		grep -nE 'error|warning:|\*\*\*|ERROR|Missing|conflict|Multiple|undefined' "$log" | head -40
		echo "log: $log"
		return 1
	fi
	if grep -A8 -E 'fs/dlm/.*(warning|note):' "$log" | head -60 | grep .; then
		# say it again next time
		find "$build/fs/dlm" -name '*.o' -delete
		return 1
	fi
}

# vm_kernel NAME - $dir/vm: a kernel without DLM and all that building dlm.ko for
# it takes, beside the KUnit build that it shares its objects with. When it is up to
# date, nobody waits for a KUnit run.
vm_kernel() {
	local vm sum f
	find_source
	unset APT_CONFIG
	place_tree "$1"
	vm=$dir/vm
	mkdir -p "$vm"
	exec 8>"$dir/.lock.vm"
	flock 8
	sum=$(cd "$here" && cat "$project/.kunitconfig" "${fragments[@]}" <(echo "$image"; gcc --version) | sha256sum)
	[ "$(cat "$vm/built" 2>/dev/null)" = "$sum" ] && return 0
	open_tree "$1"
	copy_project "$tree/fs/dlm"
	rm -f "$vm/built"
	kunit_py config >"$dir/config.log" 2>&1 || { cat "$dir/config.log"; return 1; }
	"$tree/scripts/config" --file "$build/.config" -d DLM -d DLM_KUNIT_TEST || return 1
	make_kernel olddefconfig vmlinux "${image##*/}" modules_prepare >"$dir/vm.log" 2>&1 ||
		{ grep -nE 'error|\*\*\*' "$dir/vm.log"; echo "log: $dir/vm.log"; return 1; }
	rm -rf "$vm/new"
	mkdir -p "$vm/new"
	for f in .config Makefile Module.symvers vmlinux vmlinux.symvers; do
		[ -e "$build/$f" ] && cp "$build/$f" "$vm/new/"
	done
	if [ "$image" != vmlinux ]; then
		install -D "$build/$image" "$vm/new/$image" || return 1
	fi
	(cd "$build" && find include arch/x86/include scripts tools -type f \
		! -name '*.o' ! -name '*.cmd' ! -name '*.a' -print0 |
		cpio -0pdm --quiet "$vm/new") || return 1
	[ -s "$vm/new/Module.symvers" ] || cp "$vm/new/vmlinux.symvers" "$vm/new/Module.symvers" || return 1
	ln -s "$tree" "$vm/new/source"
	# the release is what tests/kernels asks for
	cp "$build/include/config/kernel.release" "$vm/new/release" || return 1
	find "$vm" -mindepth 1 -maxdepth 1 ! -name new ! -name dlm.ko ! -name src -exec rm -rf {} +
	(shopt -s dotglob; mv "$vm/new"/* "$vm/") && rmdir "$vm/new"
	echo "$sum" >"$vm/built"
	close_tree
}

# vm_module - dlm.ko of this project for the kernel in $dir/vm
vm_module() {
	local vm=$dir/vm log=$dir/module.log
	mkdir -p "$vm/src"
	copy_project "$vm/src" /kunit
	make -C "$vm" M="$vm/src" ARCH="$arch" W=1 KCFLAGS=-Werror -j"$(nproc)" modules >"$log" 2>&1 8>&- &&
		cp "$vm/src/dlm.ko" "$vm/dlm.ko" && return
	grep -nE 'error|warning|\*\*\*' "$log" | head -40
	echo "log: $log"
	return 1
}
