/*
 * usher replay --nat: what NAT would do to a capture that was taken inside of it.
 *
 * The tracker does real NAT. A capture taken inside has private addresses both ways, so a packet to an inside host is
 * first given the public endpoint that it would have come to: that of its connection, of what was announced, or of a
 * forward. What has none stays as it is. Edits are told but not made (USHER_NAT_CAPTURE): the capture's
 * other side never saw them.
 */
#ifndef USHER_PROGRAM_REPLAY_NAT_H
#define USHER_PROGRAM_REPLAY_NAT_H

#include "ctl/rules.h"

struct replay_nat;

/* `ports` are those of --helper; `usual`: the helpers' customary ones, too. */
struct replay_nat *replay_nat_new(
        const struct ctl_rules *rules, const struct usher_port_helper *ports, uint32_t port_count, bool usual);
void replay_nat_free(struct replay_nat *nat);

/* The tracker's policy; `user` is the struct replay_nat. */
void replay_nat_policy(void *user, const struct usher_new *connection, struct usher_decision *decision);
/* Announcements are remembered by both names. */
void replay_nat_event(struct replay_nat *nat, const struct usher_event *event);
/* A packet, before it is processed; its bytes are ours to change. */
void replay_nat_packet(struct replay_nat *nat, struct usher_worker *worker, struct usher_packet *packet);

#endif
