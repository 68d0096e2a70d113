/*
 * sim/mirror: the oracle of streams. It knows both ends of each connection and holds that
 *
 *	each end reads exactly what the other wrote, but for announcements, and those are changed to what they should be;
 *	the same bytes always leave the gateway as the same bytes, however they are sent again;
 *	nobody is told that something was received which was not (acknowledgements, SACK), nor that more may be sent than the
 *	receiver offered.
 *
 * It looks at what is on the last link to the receiver, and at what the ends are told; the announcements in a stream are known from
 * the application that wrote them, and read again here, apart from usher's own reading.
 */
#ifndef USHER_SIM_MIRROR_H
#define USHER_SIM_MIRROR_H

#include "tests/sim/sim.h"

/* `t` begins, or was begun. */
void mirror_opened(struct tcp *t);
/* Its handshake is done. */
void mirror_connected(struct tcp *t);
/* The next `len` bytes that `t` writes from `from` on (of its stream) are an announcement, in a line of from..to. */
struct span *mirror_span(struct tcp *t, uint8_t kind, struct announcement *a, uint32_t from, uint32_t len);
/* A segment goes to its last link. Returns the end that wrote it, or NULL. */
void mirror_leaves(struct sim *sim, struct host *to, const struct wire *w);
/* `t` received something. */
void mirror_read(struct tcp *t);
/* Has the segment bytes of an announcement that was changed? Marks these as lost when `lost`. */
bool mirror_has_edit(struct sim *sim, struct host *to, const struct wire *w, bool lost);
/* What `t` was told by an acknowledgement. */
void mirror_told(struct tcp *t, const struct wire *w);
/* What `t` now takes for the edge of the window. */
void mirror_edge(struct tcp *t);
/* An acknowledgement of the other end's comes to the gateway. */
void mirror_acknowledged(struct sim *sim, struct host *from, const struct wire *w);
/* Where byte `at` of the stream of `t` is in that of its reader; within what was changed: where that begins, or (`up`) ends. */
uint32_t mirror_out(const struct tcp *t, uint32_t at, bool up);
/* The connection ended in order: was all read? */
void mirror_finish(struct tcp *t);

#endif
