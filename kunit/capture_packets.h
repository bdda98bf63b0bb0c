/* SPDX-License-Identifier: GPL-2.0 */
/* Made by tests/kunit/captures; do not edit. */
#ifndef _DLM_KUNIT_CAPTURE_PACKETS_H
#define _DLM_KUNIT_CAPTURE_PACKETS_H

static const struct capture_packet capture_packets[] = {
	/* 6.1/01-join.pcap, frame 5 */
	{
		.title = "STATUS (ping)",
		.from = 1,
		.to = 2,
		.fields =
			"version 0x30002, lockspace 0xe5adef01, node 1, length 64, cmd 2,\n"
			"type 1, result 0x0, id 0x20176cd01e393dd2, seq 0x3, seq_reply 0x0,\n"
			"rs_flags 0\n",
		.hex =
			"0200030001efade5 0100000040000200 01 00*7 d23d391ed06c1720 03 00*31\n",
	},
	/* 6.1/01-join.pcap, frame 9 */
	{
		.title = "STATUS asking for the slot table",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, lockspace 0xe5adef01, node 2, length 64, cmd 2,\n"
			"type 1, result 0x0, id 0xf70ce5410727ec0f, seq 0x1, seq_reply 0x0,\n"
			"rs_flags 1\n",
		.hex =
			"0200030001efade5 0200000040000200 01 00*7 0fec270741e50cf7 01 00*15 01\n"
			"00*15\n",
	},
	/* 6.1/01-join.pcap, frame 6 */
	{
		.title = "STATUS_REPLY without slots",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, lockspace 0xe5adef01, node 2, length 80, cmd 2,\n"
			"type 5, result 0x0, id 0x20176cd01e393dd2, seq 0x1, seq_reply 0x3,\n"
			"lvblen 0x20, lsflags 0x0, flags 0, our_slot 0, num_slots 0,\n"
			"generation 0\n",
		.hex =
			"0200030001efade5 0200000050000200 05 00*7 d23d391ed06c1720 01 00*7 03 00*7\n"
			"20 00*31\n",
	},
	/* 6.1/01-join.pcap, frame 19 */
	{
		.title = "STATUS_REPLY with slots",
		.from = 1,
		.to = 2,
		.fields =
			"version 0x30002, lockspace 0xe5adef01, node 1, length 112, cmd 2,\n"
			"type 5, result 0x7, id 0xf70ce5410727ec10, seq 0x3, seq_reply 0x1,\n"
			"lvblen 0x20, lsflags 0x0, flags 0, our_slot 1, num_slots 2,\n"
			"generation 2, node 1, slot 1, node 2, slot 2\n",
		.hex =
			"0200030001efade5 0100000070000200 0500000007000000 10ec270741e50cf7 03\n"
			"00*7 01 00*7 20 00*11 0100020002 00*15 0100000001 00*11 0200000002 00*11\n",
	},
	/* 7.3/21-not-ready-then-join.pcap, frame 4 */
	{
		.title = "STATUS_REPLY not ready",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 0, node 2, length 104, cmd 3, nextcmd 2, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 2, length 80, cmd 2,\n"
			"type 5, result -0x3, id 0x17d0ce6f182a8455, seq 0x0,\n"
			"seq_reply 0xad2e6bc7060b1c27, lvblen 0xffffffff, lsflags 0x0, flags 0,\n"
			"our_slot 0, num_slots 0, generation 0\n",
		.hex =
			"0200030000000000 0200000068000300 02 00*7 0200030001efade5\n"
			"0200000050000200 05000000fdffffff 55842a186fced017 00*8 271c0b06c76b2ead\n"
			"ffffffff 00*28\n",
	},
	/* 6.1/16-third-node-joins.pcap, frame 26 */
	{
		.title = "NAMES, start",
		.from = 1,
		.to = 2,
		.fields =
			"version 0x30002, lockspace 0xe5adef01, node 1, length 48, cmd 2,\n"
			"type 2, result 0x0, id 0x20176cd01e393ddf, seq 0x5, seq_reply 0x0\n",
		.hex =
			"0200030001efade5 0100000030000200 02 00*7 df3d391ed06c1720 05 00*15\n",
	},
	/* 7.3/16-third-node-joins.pcap, frame 44 */
	{
		.title = "NAMES, continuation in an envelope",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 251, node 2, length 136, cmd 3, nextcmd 2,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 112,\n"
			"cmd 2, type 2, result 0x0, id 0xfe3b0e857032ab07,\n"
			"seq 0x7cd4c2a0268c4342, seq_reply 0x0\n",
		.hex =
			"02000300fb000000 0200000088000300 02 00*7 0200030001efade5\n"
			"0200000070000200 02 00*7 07ab3270850e3bfe 42438c26a0c2d47c 00*8\n"
			"6c6f6e67313834 2e*57\n",
	},
	/* 6.1/16-third-node-joins.pcap, frame 29 */
	{
		.title = "NAMES_REPLY, end of dump",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, lockspace 0xe5adef01, node 2, length 4072, cmd 2,\n"
			"type 6, result 0x0, id 0x20176cd01e393ddf, seq 0x3, seq_reply 0x5\n",
		.hex =
			"0200030001efade5 02000000e80f0200 06 00*7 df3d391ed06c1720 03 00*7 05 00*8\n"
			"0672657330363500 0672657330393900 036e713200067265 7330383000067265\n"
			"7330363300067265 7330393800056c64 726d320006726573 3039320006726573\n"
			"3036390006726573 3035320006726573 3035380006726573 3038310006726573\n"
			"3037300003706730 ffff 00*3917\n",
	},
	/* 7.3/16-third-node-joins.pcap, frame 38 */
	{
		.title = "NAMES_REPLY, end of page",
		.from = 1,
		.to = 2,
		.fields =
			"version 0x30002, seq 244, node 1, length 4096, cmd 3, nextcmd 2,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 1, length 4072,\n"
			"cmd 2, type 6, result 0x0, id 0xfe3b0e857032ab06,\n"
			"seq 0xad2e6bc7060b1c21, seq_reply 0x7cd4c2a0268c4342\n",
		.hex =
			"02000300f4000000 0100000000100300 02 00*7 0200030001efade5\n"
			"01000000e80f0200 06 00*7 06ab3270850e3bfe 211c0b06c76b2ead\n"
			"42438c26a0c2d47c 00046c6f63300006 7265733030300006 7265733030310006\n"
			"7265733030330006 7265733031330006 7265733031350006 7265733031360006\n"
			"7265733031390006 7265733032310006 7265733032320006 7265733032350006\n"
			"7265733032380006 7265733032390006 7265733033300006 7265733033310006\n"
			"7265733033340006 7265733033350006 7265733034310006 7265733034390040\n"
			"6c6f6e67303032 2e*57 00406c6f6e673030 34 2e*57 00406c6f6e673030 35 2e*57\n"
			"00406c6f6e673030 38 2e*57 00406c6f6e673030 39 2e*57 00406c6f6e673031 30\n"
			"2e*57 00406c6f6e673031 31 2e*57 00406c6f6e673031 32 2e*57 00406c6f6e673031\n"
			"38 2e*57 00406c6f6e673032 31 2e*57 00406c6f6e673032 32 2e*57\n"
			"00406c6f6e673032 35 2e*57 00406c6f6e673032 38 2e*57 00406c6f6e673033 30\n"
			"2e*57 00406c6f6e673033 31 2e*57 00406c6f6e673033 39 2e*57 00406c6f6e673034\n"
			"30 2e*57 00406c6f6e673034 34 2e*57 00406c6f6e673035 33 2e*57\n"
			"00406c6f6e673035 35 2e*57 00406c6f6e673035 38 2e*57 00406c6f6e673035 39\n"
			"2e*57 00406c6f6e673036 30 2e*57 00406c6f6e673036 33 2e*57 00406c6f6e673036\n"
			"39 2e*57 00406c6f6e673037 32 2e*57 00406c6f6e673037 33 2e*57\n"
			"00406c6f6e673037 38 2e*57 00406c6f6e673038 30 2e*57 00406c6f6e673038 33\n"
			"2e*57 00406c6f6e673038 35 2e*57 00406c6f6e673039 30 2e*57 00406c6f6e673039\n"
			"31 2e*57 00406c6f6e673039 34 2e*57 00406c6f6e673039 35 2e*57\n"
			"00406c6f6e673039 38 2e*57 00406c6f6e673039 39 2e*57 00406c6f6e673130 32\n"
			"2e*57 00406c6f6e673130 37 2e*57 00406c6f6e673130 38 2e*57 00406c6f6e673131\n"
			"32 2e*57 00406c6f6e673131 37 2e*57 00406c6f6e673131 39 2e*57\n"
			"00406c6f6e673132 36 2e*57 00406c6f6e673133 31 2e*57 00406c6f6e673133 36\n"
			"2e*57 00406c6f6e673134 31 2e*57 00406c6f6e673134 36 2e*57 00406c6f6e673135\n"
			"31 2e*57 00406c6f6e673136 34 2e*57 00406c6f6e673136 38 2e*57\n"
			"00406c6f6e673137 31 2e*57 00406c6f6e673137 32 2e*57 00406c6f6e673137 33\n"
			"2e*57 00406c6f6e673137 34 2e*57 00406c6f6e673137 37 2e*57 00406c6f6e673138\n"
			"31 2e*57 00406c6f6e673138 34 2e*57 00*46\n",
	},
	/* 6.1/19-node3-killed.pcap, frame 38 */
	{
		.title = "RCOM LOOKUP",
		.from = 1,
		.to = 2,
		.fields =
			"version 0x30002, seq 272, node 1, length 75, cmd 3, nextcmd 2,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 1, length 51,\n"
			"cmd 2, type 3, result 0x0, id 0x1, seq 0x7, seq_reply 0x0\n",
		.hex =
			"0200030010010000 010000004b000300 02 00*7 0200030001efade5\n"
			"0100000033000200 03 00*7 01 00*7 07 00*15 6b7731\n",
	},
	/* 6.1/19-node3-killed.pcap, frame 39 */
	{
		.title = "RCOM LOOKUP_REPLY",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 278, node 2, length 72, cmd 3, nextcmd 2,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 48,\n"
			"cmd 2, type 7, result 0x1, id 0x1, seq 0x5, seq_reply 0x7\n",
		.hex =
			"0200030016010000 0200000048000300 02 00*7 0200030001efade5\n"
			"0200000030000200 0700000001000000 01 00*7 05 00*7 07 00*7\n",
	},
	/* 6.1/19-node3-killed.pcap, frame 47 */
	{
		.title = "LOCK with LVB, waiting lock",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 285, node 2, length 212, cmd 3, nextcmd 2,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 188,\n"
			"cmd 2, type 4, result 0x0, id 0xffff88801a163750, seq 0x5,\n"
			"seq_reply 0x0, ownpid 100, lkid 0x46, remid 0x0, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, flags 0x1, lvbseq 0, result 0, rqmode 3,\n"
			"grmode -1, status 1, asts 3, wait_type 0, namelen 3\n",
		.hex =
			"020003001d010000 02000000d4000300 02 00*7 0200030001efade5\n"
			"02000000bc000200 04 00*7 5037161a8088ffff 05 00*15 6400000046 00*15\n"
			"0800000001 00*11 03ff010300000300 6b7731 00*93\n",
	},
	/* 6.12/19-node3-killed.pcap, frame 49 */
	{
		.title = "LOCK without LVB, granted lock",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 297, node 2, length 180, cmd 3, nextcmd 2,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 156,\n"
			"cmd 2, type 4, result 0x0, id 0xffff888004ff8520,\n"
			"seq 0xce0c060226b82ac9, seq_reply 0x0, ownpid 140, lkid 0x47,\n"
			"remid 0x0, parent_lkid 0, parent_remid 0, exflags 0x0, flags 0x1,\n"
			"lvbseq 0, result 0, rqmode -1, grmode 3, status 2, asts 3, wait_type 0,\n"
			"namelen 3\n",
		.hex =
			"0200030029010000 02000000b4000300 02 00*7 0200030001efade5\n"
			"020000009c000200 04 00*7 2085ff048088ffff c92ab82602060cce 00*8 8c00000047\n"
			"00*19 01 00*11 ff03020300000300 6b7630 00*61\n",
	},
	/* 6.1/19-node3-killed.pcap, frame 50 */
	{
		.title = "LOCK_REPLY",
		.from = 1,
		.to = 2,
		.fields =
			"version 0x30002, seq 279, node 1, length 180, cmd 3, nextcmd 2,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 1, length 156,\n"
			"cmd 2, type 8, result 0x0, id 0xffff88801a163750, seq 0x7,\n"
			"seq_reply 0x5, ownpid 100, lkid 0x46, remid 0x168, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, flags 0x1, lvbseq 0, result 0, rqmode 3,\n"
			"grmode -1, status 1, asts 3, wait_type 0, namelen 3\n",
		.hex =
			"0200030017010000 01000000b4000300 02 00*7 0200030001efade5\n"
			"010000009c000200 08 00*7 5037161a8088ffff 07 00*7 05 00*7 6400000046000000\n"
			"6801 00*10 0800000001 00*11 03ff010300000300 6b7731 00*61\n",
	},
	/* 6.1/03-lookup-remote-dir.pcap, frame 1 */
	{
		.title = "LOOKUP",
		.from = 1,
		.to = 2,
		.name = "rdir3",
		.fields =
			"version 0x30002, seq 0, node 1, length 117, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 1, length 93, cmd 1,\n"
			"type 11, nodeid -1, pid 100, lkid 0x2, remid 0x0, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0xe507ed67, status 0, grmode -1, rqmode 5, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030000000000 0100000075000300 01 00*7 0200030001efade5\n"
			"010000005d000100 0b000000ffffffff 6400000002 00*15 08 00*7 01 00*7\n"
			"67ed07e500000000 ffffffff05 00*7 03 00*7 7264697233\n",
	},
	/* 6.1/03-lookup-remote-dir.pcap, frame 2 */
	{
		.title = "LOOKUP_REPLY",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 0, node 2, length 112, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 2, length 88, cmd 1,\n"
			"type 13, nodeid 1, pid 0, lkid 0x2, remid 0x0, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x0, sbflags 0x0, flags 0x0, lvbseq 0,\n"
			"hash 0x0, status 0, grmode 0, rqmode 0, bastmode 0, asts 0, result 0\n",
		.hex =
			"0200030000000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0d00000001 00*7 02 00*59\n",
	},
	/* 6.1/05-request-local-dir-remote-master.pcap, frame 5 */
	{
		.title = "REQUEST",
		.from = 1,
		.to = 2,
		.name = "ldrm2",
		.fields =
			"version 0x30002, seq 3, node 1, length 117, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 1, length 93, cmd 1,\n"
			"type 1, nodeid 2, pid 100, lkid 0x4, remid 0x0, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0x29d09a38, status 0, grmode -1, rqmode 3, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030003000000 0100000075000300 01 00*7 0200030001efade5\n"
			"010000005d000100 0100000002000000 6400000004 00*15 08 00*7 01 00*7\n"
			"389ad02900000000 ffffffff03 00*7 03 00*7 6c64726d32\n",
	},
	/* 6.1/05-request-local-dir-remote-master.pcap, frame 6 */
	{
		.title = "REQUEST_REPLY, granted, with LVB",
		.from = 2,
		.to = 1,
		.name = "ldrm2",
		.fields =
			"version 0x30002, seq 3, node 2, length 144, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 2, length 120, cmd 1,\n"
			"type 5, nodeid 1, pid 100, lkid 0x4, remid 0x4, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, sbflags 0x0, flags 0x10001, lvbseq 0,\n"
			"hash 0x29d09a38, status 2, grmode 3, rqmode -1, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030003000000 0200000090000300 01 00*7 0200030001efade5\n"
			"0200000078000100 0500000001000000 6400000004000000 04 00*11 08 00*7\n"
			"0100010000000000 389ad02902000000 03000000ffffffff 0000000003 00*39\n",
	},
	/* 7.3/04-lookup-answered-by-request-reply.pcap, frame 2 */
	{
		.title = "REQUEST_REPLY, granted, 7.3",
		.from = 2,
		.to = 1,
		.name = "rdm1",
		.fields =
			"version 0x30002, seq 3, node 2, length 144, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 2, length 120, cmd 1,\n"
			"type 5, nodeid 1, pid 105, lkid 0x2, remid 0x3, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0x78e9d735, status 2, grmode 1, rqmode -1, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030003000000 0200000090000300 01 00*7 0200030001efade5\n"
			"0200000078000100 0500000001000000 6900000002000000 03 00*11 08 00*7 01\n"
			"00*7 35d7e97802000000 01000000ffffffff 0000000003 00*39\n",
	},
	/* 6.1/07-noqueue.pcap, frame 2 */
	{
		.title = "REQUEST_REPLY, refused (NOQUEUE)",
		.from = 2,
		.to = 1,
		.name = "nq2",
		.fields =
			"version 0x30002, seq 11, node 2, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 88,\n"
			"cmd 1, type 5, nodeid 1, pid 100, lkid 0x6, remid 0x5, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x1, sbflags 0x0, flags 0x10001, lvbseq 0,\n"
			"hash 0x90c3a2fe, status 0, grmode -1, rqmode 5, bastmode 0, asts 3,\n"
			"result -11\n",
		.hex =
			"020003000b000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0500000001000000 6400000006000000 05 00*11 01 00*7\n"
			"0100010000000000 fea2c39000000000 ffffffff05 00*7 03000000f5ffffff\n",
	},
	/* 7.3/08-bast-grant.pcap, frame 7 */
	{
		.title = "REQUEST_REPLY, queued",
		.from = 2,
		.to = 1,
		.name = "bg0",
		.fields =
			"version 0x30002, seq 20, node 2, length 144, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 120,\n"
			"cmd 1, type 5, nodeid 1, pid 105, lkid 0x8, remid 0x6, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0x7baf8cb8, status 1, grmode -1, rqmode 3, bastmode 0, asts 3,\n"
			"result -115\n",
		.hex =
			"0200030014000000 0200000090000300 01 00*7 0200030001efade5\n"
			"0200000078000100 0500000001000000 6900000008000000 06 00*11 08 00*7 01\n"
			"00*7 b88caf7b01000000 ffffffff03 00*7 030000008dffffff 00*32\n",
	},
	/* 7.3/35-remove-then-ebadr-and-enotblk.pcap, frame 6 */
	{
		.title = "REQUEST_REPLY EBADR",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 8, node 2, length 112, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 2, length 88, cmd 1,\n"
			"type 5, nodeid 1, pid 0, lkid 0x0, remid 0x1, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x0, sbflags 0x0, flags 0x0, lvbseq 0,\n"
			"hash 0x0, status 0, grmode 0, rqmode 0, bastmode 0, asts 0, result -53\n",
		.hex =
			"0200030008000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0500000001 00*11 01 00*51 cbffffff\n",
	},
	/* 6.1/06-convert-up-down-lvb.pcap, frame 3 */
	{
		.title = "CONVERT up",
		.from = 1,
		.to = 2,
		.name = "rdm1",
		.fields =
			"version 0x30002, seq 5, node 1, length 144, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 1, length 120, cmd 1,\n"
			"type 2, nodeid 2, pid 100, lkid 0x3, remid 0x2, parent_lkid 0,\n"
			"parent_remid 0, exflags 0xc, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0x78e9d735, status 2, grmode 0, rqmode 5, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030005000000 0100000090000300 01 00*7 0200030001efade5\n"
			"0100000078000100 0200000002000000 6400000003000000 02 00*11 0c 00*7 01\n"
			"00*7 35d7e97802 00*7 05 00*7 03 00*39\n",
	},
	/* 6.1/06-convert-up-down-lvb.pcap, frame 7 */
	{
		.title = "CONVERT down, writing the LVB",
		.from = 1,
		.to = 2,
		.name = "rdm1",
		.fields =
			"version 0x30002, seq 6, node 1, length 144, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 1, length 120, cmd 1,\n"
			"type 2, nodeid 2, pid 100, lkid 0x3, remid 0x2, parent_lkid 0,\n"
			"parent_remid 0, exflags 0xc, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0x78e9d735, status 2, grmode 5, rqmode 0, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030006000000 0100000090000300 01 00*7 0200030001efade5\n"
			"0100000078000100 0200000002000000 6400000003000000 02 00*11 0c 00*7 01\n"
			"00*7 35d7e97802000000 05 00*11 03 00*7 57*32\n",
	},
	/* 6.1/06-convert-up-down-lvb.pcap, frame 13 */
	{
		.title = "CONVERT without VALBLK, 6.1",
		.from = 1,
		.to = 2,
		.name = "rdm1",
		.fields =
			"version 0x30002, seq 8, node 1, length 144, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 1, length 120, cmd 1,\n"
			"type 2, nodeid 2, pid 100, lkid 0x3, remid 0x2, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x4, sbflags 0x0, flags 0x1, lvbseq 1,\n"
			"hash 0x78e9d735, status 2, grmode 1, rqmode 1, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030008000000 0100000090000300 01 00*7 0200030001efade5\n"
			"0100000078000100 0200000002000000 6400000003000000 02 00*11 04 00*7\n"
			"0100000001000000 35d7e97802000000 0100000001 00*7 03 00*39\n",
	},
	/* 7.3/06-convert-up-down-lvb.pcap, frame 7 */
	{
		.title = "CONVERT without VALBLK, 7.3",
		.from = 1,
		.to = 2,
		.name = "rdm1",
		.fields =
			"version 0x30002, seq 10, node 1, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 1, length 88,\n"
			"cmd 1, type 2, nodeid 2, pid 105, lkid 0x3, remid 0x2, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x4, sbflags 0x0, flags 0x1, lvbseq 1,\n"
			"hash 0x78e9d735, status 2, grmode 1, rqmode 1, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"020003000a000000 0100000070000300 01 00*7 0200030001efade5\n"
			"0100000058000100 0200000002000000 6900000003000000 02 00*11 04 00*7\n"
			"0100000001000000 35d7e97802000000 0100000001 00*7 03 00*7\n",
	},
	/* 6.1/06-convert-up-down-lvb.pcap, frame 10 */
	{
		.title = "CONVERT_REPLY with LVB",
		.from = 2,
		.to = 1,
		.name = "rdm1",
		.fields =
			"version 0x30002, seq 5, node 2, length 144, cmd 3, nextcmd 1, optlen 0,\n"
			"version 0x30002, lockspace 0xe5adef01, node 2, length 120, cmd 1,\n"
			"type 6, nodeid 1, pid 100, lkid 0x2, remid 0x3, parent_lkid 0,\n"
			"parent_remid 0, exflags 0xc, sbflags 0x0, flags 0x10001, lvbseq 1,\n"
			"hash 0x78e9d735, status 2, grmode 1, rqmode -1, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030005000000 0200000090000300 01 00*7 0200030001efade5\n"
			"0200000078000100 0600000001000000 6400000002000000 03 00*11 0c 00*7\n"
			"0100010001000000 35d7e97802000000 01000000ffffffff 0000000003 00*7 57*32\n",
	},
	/* 7.3/10-deadlock-altmode.pcap, frame 7 */
	{
		.title = "CONVERT_REPLY, queued and demoted",
		.from = 2,
		.to = 1,
		.name = "dl1",
		.fields =
			"version 0x30002, seq 36, node 2, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 88,\n"
			"cmd 1, type 6, nodeid 1, pid 105, lkid 0xc, remid 0x7, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x44, sbflags 0x1, flags 0x1, lvbseq 0,\n"
			"hash 0xe577c0bf, status 3, grmode 0, rqmode 5, bastmode 0, asts 3,\n"
			"result -115\n",
		.hex =
			"0200030024000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0600000001000000 690000000c000000 07 00*11\n"
			"4400000001000000 01 00*7 bfc077e503 00*7 05 00*7 030000008dffffff\n",
	},
	/* 7.3/10-deadlock-altmode.pcap, frame 5 */
	{
		.title = "CONVERT_REPLY EDEADLK",
		.from = 2,
		.to = 1,
		.name = "dl1",
		.fields =
			"version 0x30002, seq 35, node 2, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 88,\n"
			"cmd 1, type 6, nodeid 1, pid 105, lkid 0xc, remid 0x7, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x4, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0xe577c0bf, status 2, grmode 3, rqmode -1, bastmode 0, asts 3,\n"
			"result -35\n",
		.hex =
			"0200030023000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0600000001000000 690000000c000000 07 00*11 04 00*7 01\n"
			"00*7 bfc077e502000000 03000000ffffffff 0000000003000000 ddffffff\n",
	},
	/* 7.3/08-bast-grant.pcap, frame 8 */
	{
		.title = "GRANT",
		.from = 2,
		.to = 1,
		.name = "bg0",
		.fields =
			"version 0x30002, seq 21, node 2, length 144, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 120,\n"
			"cmd 1, type 9, nodeid 1, pid 105, lkid 0x8, remid 0x6, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, sbflags 0x0, flags 0x1, lvbseq 2,\n"
			"hash 0x7baf8cb8, status 2, grmode 3, rqmode -1, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030015000000 0200000090000300 01 00*7 0200030001efade5\n"
			"0200000078000100 0900000001000000 6900000008000000 06 00*11 08 00*7\n"
			"0100000002000000 b88caf7b02000000 03000000ffffffff 0000000003 00*7 48*32\n",
	},
	/* 7.3/08-bast-grant.pcap, frame 3 */
	{
		.title = "BAST",
		.from = 2,
		.to = 1,
		.name = "bg0",
		.fields =
			"version 0x30002, seq 18, node 2, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 88,\n"
			"cmd 1, type 10, nodeid 1, pid 105, lkid 0x8, remid 0x6, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x8, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0x7baf8cb8, status 2, grmode 5, rqmode -1, bastmode 3, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030012000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0a00000001000000 6900000008000000 06 00*11 08 00*7 01\n"
			"00*7 b88caf7b02000000 05000000ffffffff 0300000003 00*7\n",
	},
	/* 7.3/09-cancel.pcap, frame 3 */
	{
		.title = "CANCEL",
		.from = 1,
		.to = 2,
		.name = "cn3",
		.fields =
			"version 0x30002, seq 25, node 1, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 1, length 88,\n"
			"cmd 1, type 4, nodeid 2, pid 105, lkid 0x7, remid 0xb, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x2, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0x14934eb6, status 1, grmode -1, rqmode 5, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030019000000 0100000070000300 01 00*7 0200030001efade5\n"
			"0100000058000100 0400000002000000 6900000007000000 0b 00*11 02 00*7 01\n"
			"00*7 b64e931401000000 ffffffff05 00*7 03 00*7\n",
	},
	/* 7.3/09-cancel.pcap, frame 4 */
	{
		.title = "CANCEL_REPLY",
		.from = 2,
		.to = 1,
		.name = "cn3",
		.fields =
			"version 0x30002, seq 25, node 2, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 88,\n"
			"cmd 1, type 8, nodeid 1, pid 105, lkid 0xb, remid 0x7, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x2, sbflags 0x0, flags 0x1, lvbseq 0,\n"
			"hash 0x14934eb6, status 0, grmode -1, rqmode -1, bastmode 0, asts 3,\n"
			"result -65537\n",
		.hex =
			"0200030019000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0800000001000000 690000000b000000 07 00*11 02 00*7 01\n"
			"00*7 b64e931400000000 ff*8 0000000003000000 fffffeff\n",
	},
	/* 6.1/12-process-death.pcap, frame 13 */
	{
		.title = "UNLOCK of a dead process",
		.from = 1,
		.to = 2,
		.name = "pd1",
		.fields =
			"version 0x30002, seq 54, node 1, length 144, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 1, length 120,\n"
			"cmd 1, type 3, nodeid 2, pid 106, lkid 0x7, remid 0xc, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x20028, sbflags 0x0, flags 0x40001, lvbseq 0,\n"
			"hash 0x4dddd872, status 2, grmode 5, rqmode -1, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"0200030036000000 0100000090000300 01 00*7 0200030001efade5\n"
			"0100000078000100 0300000002000000 6a00000007000000 0c 00*11\n"
			"2800020000000000 0100040000000000 72d8dd4d02000000 05000000ffffffff\n"
			"0000000003 00*39\n",
	},
	/* 6.1/12-process-death.pcap, frame 14 */
	{
		.title = "UNLOCK_REPLY",
		.from = 2,
		.to = 1,
		.name = "pd1",
		.fields =
			"version 0x30002, seq 58, node 2, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 88,\n"
			"cmd 1, type 7, nodeid 1, pid 106, lkid 0xc, remid 0x7, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x20028, sbflags 0x0, flags 0x10001, lvbseq 0,\n"
			"hash 0x4dddd872, status 0, grmode -1, rqmode -1, bastmode 0, asts 3,\n"
			"result -65538\n",
		.hex =
			"020003003a000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0700000001000000 6a0000000c000000 07 00*11\n"
			"2800020000000000 0100010000000000 72d8dd4d00000000 ff*8 0000000003000000\n"
			"fefffeff\n",
	},
	/* 7.3/13-purge.pcap, frame 5 */
	{
		.title = "CANCEL of a granted orphan at process exit",
		.from = 1,
		.to = 2,
		.name = "pg0",
		.fields =
			"version 0x30002, seq 59, node 1, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 1, length 88,\n"
			"cmd 1, type 4, nodeid 2, pid 114, lkid 0x7, remid 0xd, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x88, sbflags 0x0, flags 0x3, lvbseq 0,\n"
			"hash 0x3a8fcc9d, status 2, grmode 5, rqmode -1, bastmode 0, asts 3,\n"
			"result 0\n",
		.hex =
			"020003003b000000 0100000070000300 01 00*7 0200030001efade5\n"
			"0100000058000100 0400000002000000 7200000007000000 0d 00*11 88 00*7 03\n"
			"00*7 9dcc8f3a02000000 05000000ffffffff 0000000003 00*7\n",
	},
	/* 7.3/13-purge.pcap, frame 9 */
	{
		.title = "PURGE",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 65, node 2, length 112, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 2, length 88,\n"
			"cmd 1, type 14, nodeid 1, pid 114, lkid 0x0, remid 0x0, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x0, sbflags 0x0, flags 0x0, lvbseq 0,\n"
			"hash 0x0, status 0, grmode 0, rqmode 0, bastmode 0, asts 0, result 0\n",
		.hex =
			"0200030041000000 0200000070000300 01 00*7 0200030001efade5\n"
			"0200000058000100 0e00000001000000 72 00*63\n",
	},
	/* 7.3/14-remove.pcap, frame 5 */
	{
		.title = "REMOVE",
		.from = 1,
		.to = 2,
		.name = "rmv0",
		.fields =
			"version 0x30002, seq 65, node 1, length 116, cmd 3, nextcmd 1,\n"
			"optlen 0, version 0x30002, lockspace 0xe5adef01, node 1, length 92,\n"
			"cmd 1, type 12, nodeid 0, pid 0, lkid 0x0, remid 0x0, parent_lkid 0,\n"
			"parent_remid 0, exflags 0x0, sbflags 0x0, flags 0x0, lvbseq 0,\n"
			"hash 0x1de301a6, status 0, grmode 0, rqmode 0, bastmode 0, asts 0,\n"
			"result 0\n",
		.hex =
			"0200030041000000 0100000074000300 01 00*7 0200030001efade5\n"
			"010000005c000100 0c 00*43 a601e31d 00*24 726d7630\n",
	},
	/* 6.1/03-lookup-remote-dir.pcap, frame 3 */
	{
		.title = "ACK",
		.from = 2,
		.to = 1,
		.fields =
			"version 0x30002, seq 1, node 2, length 16, cmd 4\n",
		.hex =
			"0200030001000000 0200000010000400\n",
	},
	/* 7.3/32-fin-before-member-removed.pcap, frame 1 */
	{
		.title = "FIN",
		.from = 1,
		.to = 2,
		.fields =
			"version 0x30002, seq 13, node 1, length 40, cmd 3, nextcmd 5, optlen 0,\n"
			"version 0x30002, word 0, node 1, length 16, cmd 5\n",
		.hex =
			"020003000d000000 0100000028000300 05 00*7 0200030000000000\n"
			"0100000010000500\n",
	},
};

static const struct talk_packet capture_farewells[][4] = {
	/* 6.1/20-clean-leave-fin.pcap */
	{
		{ 20, 1, 2, /* frame 8: FIN */
			"0200030026010000 0200000028000300 05 00*7 0200030000000000\n"
			"0200000010000500\n" },
		{ 20, 2, 1, /* frame 9: ACK */
			"0200030027010000 0100000010000400\n" },
		{ 20, 3, 1, /* frame 9: FIN */
			"0200030022010000 0100000028000300 05 00*7 0200030000000000\n"
			"0100000010000500\n" },
		{ 20, 4, 2, /* frame 10: ACK */
			"0200030023010000 0200000010000400\n" },
	},
	/* 6.1/24-low-node-leaves-last.pcap */
	{
		{ 24, 1, 1, /* frame 1: FIN */
			"0200030000000000 0100000028000300 05 00*7 0200030000000000\n"
			"0100000010000500\n" },
		{ 24, 2, 2, /* frame 2: ACK */
			"0200030001000000 0200000010000400\n" },
		{ 24, 3, 2, /* frame 2: FIN */
			"020003000f000000 0200000028000300 05 00*7 0200030000000000\n"
			"0200000010000500\n" },
		{ 24, 4, 1, /* frame 3: ACK */
			"0200030010000000 0100000010000400\n" },
	},
	/* 6.1/32-fin-before-member-removed.pcap */
	{
		{ 32, 1, 1, /* frame 1: FIN */
			"020003000b000000 0100000028000300 05 00*7 0200030000000000\n"
			"0100000010000500\n" },
		{ 32, 2, 2, /* frame 2: ACK */
			"020003000c000000 0200000010000400\n" },
		{ 32, 3, 2, /* frame 3: FIN */
			"0200030060020000 0200000028000300 05 00*7 0200030000000000\n"
			"0200000010000500\n" },
		{ 32, 4, 1, /* frame 4: ACK */
			"0200030061020000 0100000010000400\n" },
	},
	/* 7.3/20-clean-leave-fin.pcap */
	{
		{ 20, 1, 2, /* frame 4: FIN */
			"020003002f010000 0200000028000300 05 00*7 0200030000000000\n"
			"0200000010000500\n" },
		{ 20, 2, 1, /* frame 5: ACK */
			"0200030030010000 0100000010000400\n" },
		{ 20, 3, 1, /* frame 5: FIN */
			"020003002b010000 0100000028000300 05 00*7 0200030000000000\n"
			"0100000010000500\n" },
		{ 20, 4, 2, /* frame 6: ACK */
			"020003002c010000 0200000010000400\n" },
	},
	/* 7.3/24-low-node-leaves-last.pcap */
	{
		{ 24, 1, 1, /* frame 1: FIN */
			"0200030006000000 0100000028000300 05 00*7 0200030000000000\n"
			"0100000010000500\n" },
		{ 24, 2, 2, /* frame 2: ACK */
			"0200030007000000 0200000010000400\n" },
		{ 24, 3, 2, /* frame 2: FIN */
			"0200030015000000 0200000028000300 05 00*7 0200030000000000\n"
			"0200000010000500\n" },
		{ 24, 4, 1, /* frame 3: ACK */
			"0200030016000000 0100000010000400\n" },
	},
	/* 7.3/32-fin-before-member-removed.pcap */
	{
		{ 32, 1, 1, /* frame 1: FIN */
			"020003000d000000 0100000028000300 05 00*7 0200030000000000\n"
			"0100000010000500\n" },
		{ 32, 2, 2, /* frame 2: ACK */
			"020003000e000000 0200000010000400\n" },
		{ 32, 3, 2, /* frame 3: FIN */
			"0200030062020000 0200000028000300 05 00*7 0200030000000000\n"
			"0200000010000500\n" },
		{ 32, 4, 1, /* frame 4: ACK */
			"0200030063020000 0100000010000400\n" },
	},
};

#endif
