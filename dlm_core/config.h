/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a control daemon configures (control-plane.md 2), as plain objects.
 * configfs.c wraps them into directories; tests use them as they are.
 */
#ifndef _DLM_CONFIG_H
#define _DLM_CONFIG_H

#include <linux/list.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <dlm/node.h>
#include <dlm/transport.h>

struct dlm_member_conf;

/* the numbers of a cluster directory; config.c has their names and bounds */
enum dlm_config_key {
	DLM_CFG_TCP_PORT,
	DLM_CFG_BUFFER_SIZE,
	DLM_CFG_RSBTBL_SIZE,
	DLM_CFG_RECOVER_TIMER,
	DLM_CFG_TOSS_SECS,
	DLM_CFG_SCAN_SECS,
	DLM_CFG_LOG_DEBUG,
	DLM_CFG_LOG_INFO,
	DLM_CFG_PROTOCOL,
	DLM_CFG_MARK,
	DLM_CFG_TIMEWARN_CS,
	DLM_CFG_NEW_RSB_COUNT,
	DLM_CFG_RECOVER_CALLBACKS,
	DLM_CFG_MAX
};

/**
 * struct dlm_cluster - what is configured on a node
 *
 * Lifetime: from dlm_cluster_add() to dlm_cluster_del(), at which it is empty.
 * Its parts live likewise.  node->control guards all of them.
 *
 * @node: its node; holds a reference
 * @comms: nodes that can be reached, struct dlm_conf_comm
 * @spaces: lockspaces with their members, struct dlm_conf_space
 */
struct dlm_cluster {
	struct dlm_node		*node;
	struct list_head	comms;
	struct list_head	spaces;
};

/**
 * struct dlm_conf_comm - a node of the cluster
 * @entry: on cluster->comms
 * @cluster: where it belongs
 * @nodeid: -1 until known
 * @mark: SO_MARK of connections to it, 0 for the cluster's
 * @local: as written
 * @count: of @addr
 * @addr: its addresses
 */
struct dlm_conf_comm {
	struct list_head	entry;
	struct dlm_cluster	*cluster;
	int			nodeid;
	u32			mark;
	int			local;
	unsigned int		count;
	struct sockaddr_storage	addr[DLM_COMMS_ADDRS];
};

/**
 * struct dlm_conf_space - a lockspace's membership
 * @entry: on cluster->spaces
 * @cluster: where it belongs
 * @name: the lockspace
 * @members: struct dlm_conf_member
 */
struct dlm_conf_space {
	struct list_head	entry;
	struct dlm_cluster	*cluster;
	char			name[DLM_LOCKSPACE_LEN + 1];
	struct list_head	members;
};

/**
 * struct dlm_conf_member - a member of a lockspace
 * @entry: on space->members
 * @space: where it belongs
 * @nodeid: -1 until known
 * @weight: share of the directory
 * @is_new: no start has been made with it yet
 */
struct dlm_conf_member {
	struct list_head	entry;
	struct dlm_conf_space	*space;
	int			nodeid;
	unsigned int		weight;
	bool			is_new;
};

void dlm_config_init(struct dlm_config *config);
int dlm_config_set(struct dlm_node *node, enum dlm_config_key key,
		   const char *text);
unsigned int dlm_config_get(const struct dlm_node *node,
			    enum dlm_config_key key);
const char *dlm_config_name(enum dlm_config_key key);
void dlm_config_set_cluster_name(struct dlm_node *node, const char *text,
				 size_t len);

int dlm_cluster_add(struct dlm_cluster *cluster, struct dlm_node *node);
void dlm_cluster_del(struct dlm_cluster *cluster);

int dlm_conf_comm_add(struct dlm_conf_comm *comm, struct dlm_cluster *cluster,
		      const char *name);
void dlm_conf_comm_del(struct dlm_conf_comm *comm);
int dlm_conf_comm_set_nodeid(struct dlm_conf_comm *comm, const char *text);
int dlm_conf_comm_set_addr(struct dlm_conf_comm *comm, const void *bytes,
			   size_t len);
int dlm_conf_comm_set_mark(struct dlm_conf_comm *comm, const char *text);
int dlm_conf_comm_set_local(struct dlm_conf_comm *comm, const char *text);
size_t dlm_conf_comm_addr_list(struct dlm_conf_comm *comm, char *buf,
			       size_t size);

int dlm_conf_space_add(struct dlm_conf_space *space,
		       struct dlm_cluster *cluster, const char *name);
void dlm_conf_space_del(struct dlm_conf_space *space);

int dlm_conf_member_add(struct dlm_conf_member *member,
			struct dlm_conf_space *space, const char *name);
void dlm_conf_member_del(struct dlm_conf_member *member);
int dlm_conf_member_set_nodeid(struct dlm_conf_member *member,
			       const char *text);
int dlm_conf_member_set_weight(struct dlm_conf_member *member,
			       const char *text);

int dlm_config_members(struct dlm_node *node, const char *name,
		       struct dlm_member_conf **members);
void dlm_config_members_undo(struct dlm_node *node, const char *name,
			     const struct dlm_member_conf *members, int count);

/* configfs.c */
int dlm_configfs_init(void);
void dlm_configfs_exit(void);

#endif
