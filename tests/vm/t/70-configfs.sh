#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# time: 90
# The tree that a control daemon fills: defaults, bounds, errors, namespaces.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/daemon.sh"
load_dlm || bail "insmod"
[ -e /sys/module/dlm/parameters/solo ] || skip_all "bounds of the stock module differ"

check "the tree is there" test -d $CONFIG
same "and empty" "$(ls $CONFIG)" ""
check "mkdir" mkdir $CLUSTER
same "files" "$(ls $CLUSTER | tr '\n' ' ')" \
	"buffer_size cluster_name comms log_debug log_info mark new_rsb_count protocol recover_callbacks recover_timer rsbtbl_size scan_secs spaces tcp_port timewarn_cs toss_secs "
while read -r f value; do
	same "default of $f" "$(cat $CLUSTER/$f)" "$value"
	same "mode of $f" "$(stat -c %a $CLUSTER/$f)" 644
done <<-END
	tcp_port 21064
	buffer_size 4096
	rsbtbl_size 1024
	recover_timer 5
	toss_secs 10
	scan_secs 5
	log_debug 0
	log_info 1
	protocol 0
	mark 0
	timewarn_cs 500
	new_rsb_count 128
	recover_callbacks 0
	cluster_name
END
while read -r f value err; do
	expect_errno "$err" "$f: $value" write_file $CLUSTER/$f "$value"
done <<-END
	tcp_port 0 EINVAL
	tcp_port 65536 ERANGE
	tcp_port x EINVAL
	tcp_port -1 EINVAL
	buffer_size 4095 EINVAL
	rsbtbl_size 0 EINVAL
	recover_timer 0 EINVAL
	toss_secs 0 EINVAL
	scan_secs 0 EINVAL
	timewarn_cs 0 EINVAL
	protocol 2 EINVAL
	mark 4294967296 ERANGE
END
while read -r f value read; do
	check "$f: $value" write_file $CLUSTER/$f "$value"
	same "$f reads" "$(cat $CLUSTER/$f)" "$read"
done <<-END
	tcp_port 65535 65535
	tcp_port 0x5248 21064
	mark 010 8
	mark 0 0
	log_debug 1 1
	log_debug 0 0
	toss_secs 11 11
END
check "name without newline" write_file $CLUSTER/cluster_name town
same "reads" "$(od -An -c $CLUSTER/cluster_name | tr -d ' \n')" 'town\n'
check "name with newline" write_file $CLUSTER/cluster_name $'town\n'
same "reads" "$(od -An -c $CLUSTER/cluster_name | tr -d ' \n')" 'town\n\n'
check "long name" write_file $CLUSTER/cluster_name "$(printf 'n%.0s' {1..100})"
same "is cut" "$(wc -c <$CLUSTER/cluster_name)" 64
setpriv --reuid=65534 --clear-groups true 2>/dev/null &&
	check_not "without capability" setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
		bash -c "echo 6 >$CLUSTER/toss_secs" 2>/dev/null

# nodes
C=$CLUSTER/comms
check "mkdir comms/1" mkdir $C/1
same "files" "$(ls $C/1 | tr '\n' ' ')" "addr addr_list local mark nodeid "
for f in addr:200 addr_list:444 local:644 mark:644 nodeid:644; do
	same "mode of ${f%:*}" "$(stat -c %a $C/1/${f%:*})" "${f#*:}"
done
check "mkdir with a name" mkdir $C/north
same "its id" "$(cat $C/north/nodeid)" -1
expect_errno EINVAL "address without id" put_addr $C/north 10.0.0.9
expect_errno EINVAL "local without id" write_file $C/north/local 1
expect_errno EINVAL "id 0" write_file $C/north/nodeid 0
expect_errno EINVAL "id -3" write_file $C/north/nodeid -3
expect_errno EEXIST "id of another" write_file $C/north/nodeid 1
check "id" write_file $C/north/nodeid 9
expect_errno EEXIST "directory of that id" mkdir $C/9
check "nodeid" write_file $C/1/nodeid 1
check "again" write_file $C/1/nodeid 1
sockaddr 10.0.0.1 | head -c 127 >/run/short
expect_errno EINVAL "127 bytes" dd if=/run/short of=$C/1/addr bs=4096 conv=notrunc status=none
{ sockaddr 10.0.0.1; printf x; } >/run/long
expect_errno EINVAL "129 bytes" dd if=/run/long of=$C/1/addr bs=4096 conv=notrunc status=none
check "address" put_addr $C/1 10.0.0.1
expect_errno EEXIST "the same" put_addr $C/1 10.0.0.1
check "second" put_addr $C/1 10.0.0.2
{ printf '\12\0\0\0\0\0\0\0\xfe\x80'; head -c 13 /dev/zero; printf '\1'; head -c 104 /dev/zero; } >/run/v6
check "third, IPv6" dd if=/run/v6 of=$C/1/addr bs=4096 conv=notrunc status=none
expect_errno ENOSPC "fourth" put_addr $C/1 10.0.0.4
same "addr_list" "$(cat $C/1/addr_list)" "$(printf 'AF_INET\t10.0.0.1\nAF_INET\t10.0.0.2\nAF_INET6\tfe80:0000:0000:0000:0000:0000:0000:0001')"
expect_errno EBUSY "another id now" write_file $C/1/nodeid 4
check "mark" write_file $C/1/mark 5
check "local" write_file $C/1/local 1
check "again" write_file $C/1/local 1
check "rmdir forgets addresses" rmdir $C/1
mkdir $C/1
same "addr_list" "$(cat $C/1/addr_list)" ""

# members
check "space" mkdir $CLUSTER/spaces/shop
same "has nodes" "$(ls $CLUSTER/spaces/shop)" nodes
check "member" mkdir $CLUSTER/spaces/shop/nodes/1
same "files" "$(ls $CLUSTER/spaces/shop/nodes/1 | tr '\n' ' ')" "nodeid weight "
same "weight" "$(cat $CLUSTER/spaces/shop/nodes/1/weight)" 1
expect_errno EINVAL "weight -1" write_file $CLUSTER/spaces/shop/nodes/1/weight -1
check_not "a space with members stays" rmdir $CLUSTER/spaces/shop 2>/dev/null
check_not "so does the cluster" rmdir $CLUSTER 2>/dev/null
check_not "name of 65 bytes" mkdir "$CLUSTER/spaces/$(printf 'n%.0s' {1..65})" 2>/dev/null

# another namespace
# ip netns exec would hide the tree behind a sysfs of its own
in_other() { nsenter --net=/run/netns/other "$@"; }
ip netns add other
expect_errno EPERM "number from elsewhere" in_other bash -c "echo 7 >$CLUSTER/toss_secs"
expect_errno EPERM "mkdir from elsewhere" in_other mkdir $CLUSTER/comms/77
check "own tree" in_other mkdir $CONFIG/theirs
same "own values" "$(cat $CONFIG/theirs/toss_secs)" 10
in_other mkdir $CONFIG/theirs/comms/1
ip netns del other
gone() { ! cat $CONFIG/theirs/toss_secs >/dev/null 2>&1; }
check "namespace ends" wait_for 20 gone
expect_errno ENODEV "its files" cat $CONFIG/theirs/toss_secs
check "its directories can go" rmdir $CONFIG/theirs/comms/1 $CONFIG/theirs

# values stay, the newest directory counts
check "second directory" mkdir $CONFIG/newer
same "shares the values" "$(cat $CONFIG/newer/toss_secs)" 11
expect_errno EBUSY "the older one does not count any more" mkdir $CLUSTER/comms/2
check "rmdir" rmdir $CONFIG/newer
check "clear" cluster_down
check "mkdir" mkdir $CLUSTER
same "values are still there" "$(cat $CLUSTER/toss_secs)" 11
check_not "rmmod meanwhile" rmmod dlm 2>/dev/null
check "clear" cluster_down
check "rmmod" unload_dlm

# solo and cluster exclude each other
load_dlm solo=1 || bail "insmod"
check "solo lockspace" raw_ls create lone
expect_errno EBUSY "no cluster meanwhile" mkdir $CLUSTER
check "remove" raw_ls remove lone
check "now" mkdir $CLUSTER
same "no solo in a cluster" "$(raw_ls create lone)" ENOSYS
check "clear" cluster_down
check "solo again" raw_ls create lone
check "remove" raw_ls remove lone
check "rmmod" unload_dlm
finish
