# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Private apt configurations for tests/deps.sh and tests/kernels: other suites
# and architectures, without touching the machine's own sources or lists.

: "${DLM_CACHE:=/var/cache/dlm-tests}"
export DLM_CACHE

step() { printf '%4ds  %s\n' "$SECONDS" "$*" >&2; }
die() { echo "${0##*/}: $*" >&2; exit 1; }

# mirror_of CODENAME FALLBACK - the archive the machine itself uses for it
mirror_of() {
	local uri
	# shellcheck disable=SC2016 # apt's own format language
	uri=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -v c="$1" '$1 == c { print $2; exit }')
	echo "${uri:-$2}"
}

# apt_private NAME "ARCH ARCH" SUITE... - writes configuration NAME and leaves
# its file in $APT_CONFIG.  A suite that ends in -security comes from the
# security archive.  Others may do the same at the same time.
apt_private() {
	local archs=$2 dir=$DLM_CACHE/apt/$1 main sec suite a
	shift 2
	main=$(mirror_of bookworm http://deb.debian.org/debian)
	sec=$(mirror_of bookworm-security http://deb.debian.org/debian-security)
	mkdir -p "$dir"/{lists/partial,archives/partial,parts} || die "cannot write $dir"
	exec {apt_lock}>"$dir/lock"
	flock "$apt_lock" || die "cannot lock $dir"
	: >"$dir/sources.list.new"
	for suite; do
		case $suite in
		*-security) a=$sec ;;
		*) a=$main ;;
		esac
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=${archs// /,}]" \
			"$a $suite main" >>"$dir/sources.list.new"
	done
	cmp -s "$dir/sources.list.new" "$dir/sources.list" || rm -f "$dir/updated"
	mv "$dir/sources.list.new" "$dir/sources.list"
	touch "$dir/status"
	{
		echo "Dir::Etc::SourceList \"$dir/sources.list\";"
		echo "Dir::Etc::SourceParts \"$dir/parts\";"
		echo "Dir::Etc::PreferencesParts \"$dir/parts\";"
		echo "Dir::Etc::Preferences \"$dir/none\";"
		echo "Dir::State::Lists \"$dir/lists\";"
		echo "Dir::State::Status \"$dir/status\";"
		echo "Dir::Cache \"$dir\";"
		echo "Dir::Cache::Archives \"$dir/archives\";"
		echo "APT::Architecture \"${archs%% *}\";"
		echo "APT::Architectures { $(printf '"%s"; ' $archs)};"
		echo 'APT::Sandbox::User "root";'
		echo 'Acquire::Languages "none";'
		echo 'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";'
		echo 'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";'
	} >"$dir/apt.conf.new"
	mv "$dir/apt.conf.new" "$dir/apt.conf"
	exec {apt_lock}>&-
	export APT_CONFIG=$dir/apt.conf
}

# apt_refresh - update the lists of $APT_CONFIG unless that was done today
apt_refresh() {
	local dir=${APT_CONFIG%/*} stamp
	stamp=$dir/updated
	exec {apt_lock}>"$dir/lock"
	flock "$apt_lock" || die "cannot lock $dir"
	if [ -z "$(find "$stamp" -mmin -720 2>/dev/null)" ]; then
		step "apt lists for ${APT_CONFIG#"$DLM_CACHE"/}"
		apt-get -qq update >&2 || die "apt-get update failed"
		touch "$stamp"
	fi
	exec {apt_lock}>&-
}

# fetch_into DIR PACKAGE... - download packages and unpack them into DIR
fetch_into() {
	local dir=$1 tmp d
	shift
	tmp=$(mktemp -d "$DLM_CACHE/fetch.XXXXXX") || die "no space for downloads"
	(cd "$tmp" && apt-get -qq download "$@" >&2) || { rm -rf "$tmp"; die "cannot download $*"; }
	mkdir -p "$dir"
	for d in "$tmp"/*.deb; do
		dpkg-deb -x "$d" "$dir" || { rm -rf "$tmp"; die "cannot unpack ${d##*/}"; }
	done
	rm -rf "$tmp"
}
