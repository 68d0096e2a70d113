/*
 * net_fake: helpers for the tests of the engine, which do what their control connection tells them.
 *
 * A record is a line (fake, leaf: TCP) or a datagram (dgram: UDP); its parts, divided by ";", are done in order:
 *
 *	E TAG PORT [WORD]..     expect. c=CLASS, u=USES, a=ADDRESS (the listener's; else the announcer's own), p=ADDRESS:KEY (the
 *	                        peer), any, stays, unearned, both, side=c|s (else the writer's), proto=NUMBER, t=SECONDS,
 *	                        ct=UNANSWERED,ANSWERED, h=HELPER, code=N, kind=NAME, x=N (so many, tags and ports counting up)
 *	W TAG [children] [c=CLASS] [x=N]   withdraw
 *	R TAG [c=CLASS]         refresh
 *	D, DD                   done, done for good
 *	N CODE TEXT             note
 *	M PORT                  map, and log what comes of it
 *	F                       the record fails
 *	born COMMAND, gone COMMAND          from now on, when a child is born or gone
 *
 * What is worth knowing goes to the log of the net opened last: answers but OK, flags of records but FIRST, gaps, children.
 * Classes: 0 data: 2, reserved below 1024, 300 s. 1 calls: 1000, 60 s. 2 single: 1, 10 s.
 */
#ifndef USHER_TESTS_NET_FAKE_H
#define USHER_TESTS_NET_FAKE_H

#include "net.h"

extern const struct usher_helper *const net_fakes[]; /* for usher_options.helpers */
extern const struct usher_port_helper net_fake_ports[2]; /* fake: tcp/99, dgram: udp/98 */

/* A net with the fakes, and nothing else at any port, unless the options have ports of their own. */
void net_open_fake(struct net *n, const struct usher_options *options);

#endif
