#include <usher/usher.h>
__attribute__((weak)) bool usher_emit(struct usher_worker *w, struct usher_packet *p) { (void)w; (void)p; return false; }
__attribute__((weak)) usher_time usher_wakeup(const struct usher_worker *w) { (void)w; return UINT64_MAX; }
