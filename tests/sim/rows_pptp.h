/*
 * The PPTP rows of test_sim_rows.c. A plan is a word: O an outgoing call is asked for, I an incoming one, W wait for all answers, M
 * and for the other end, G three GRE packets in each call, C the oldest call is cleared, E echo, L Set-Link-Info, R WAN-Error-Notify,
 * s 300 ms, t 200 s, X the session is stopped; + what comes next is in the same write.
 */

/* ---- outgoing calls: the kernel carries these ---- */
{ .name = "pptp-out-call-none", MODE_ROUTED, .opener = "OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-out-call-masq", M, .opener = "OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-out-call-dnat", F, .opener = "OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-out-call-both", B, .opener = "OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-out-call-masq-pac-first", M, .opener = "OWssX", .other = "sG", .calls = 1, .gre = 6 },
{ .name = "pptp-out-call-dnat-pac-first", F, .opener = "OWssX", .other = "sG", .calls = 1, .gre = 6 },
{ .name = "pptp-out-call-ipv6", M, V6, .opener = "OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-two-clients-same-call-id", M, TWO_CLIENTS, .opener = "OWGsX", .calls = 2, .gre = 12 },
{ .name = "pptp-call-id-0", M, .ids = 0, .opener = "OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-call-id-0-two-clients", M, TWO_CLIENTS, .ids = 0, .opener = "OWGsX", .calls = 2, .gre = 12 },
{ .name = "pptp-recall-masq", M, .opener = "OWGsCWsOWGsX", .calls = 2, .gre = 12 },
{ .name = "pptp-out-call-refused", M, .refuses = 100, .opener = "OWGsX" },
{ .name = "pptp-ocrq-lost-after-nat", M, .lose = { 2 }, .opener = "OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-ocrp-lost-after-nat", M, .lose = { 0, 2 }, .opener = "OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-ocrp-lost-after-dnat", F, .lose = { 0, 2 }, .opener = "OWGsX", .calls = 1, .gre = 6 },

/* ---- and these not ---- */
{ .name = "pptp-gre-idle-expired-masq", M, .opener = "OWGsEtGsX", .calls = 1, .gre = 12 },          /* dead after 180 s */
{ .name = "pptp-after-clear-masq", M, .opener = "OWGsLCWsX", .calls = 1, .gre = 6 },               /* CDN rewritten wrongly */
{ .name = "pptp-after-stop-masq", M, .opener = "OWGsX", .calls = 1, .gre = 6 },                    /* GRE passes still */
{ .name = "pptp-two-calls-masq", M, .opener = "OOWGsX", .calls = 2, .gre = 12 },                   /* the second breaks */
{ .name = "pptp-two-calls-masq-later", M, .opener = "OWGsOWGsX", .calls = 2, .gre = 18 },
{ .name = "pptp-two-calls-dnat", F, .opener = "OOWGsX", .calls = 2, .gre = 12 },
{ .name = "pptp-two-calls-both", B, .opener = "OOWGsX", .calls = 2, .gre = 12 },
{ .name = "pptp-in-call-masq", M, .opener = "MsX", .other = "IWsGs", .calls = 1, .gre = 6 },       /* ids are not rewritten, or to 0 */
{ .name = "pptp-in-call-dnat", F, .opener = "MsX", .other = "IWsGs", .calls = 1, .gre = 6 },
{ .name = "pptp-in-call-both", B, .opener = "MsX", .other = "IWsGs", .calls = 1, .gre = 6 },
{ .name = "pptp-pac-opens-control-none", MODE_ROUTED, .opener = "MsX", .other = "OWGs", .calls = 1, .gre = 6 }, /* untracked */
{ .name = "pptp-pac-opens-control-masq", M, .opener = "MsX", .other = "OWGs", .calls = 1, .gre = 6 },
{ .name = "pptp-pac-opens-control-dnat", F, .opener = "MsX", .other = "OWGs", .calls = 1, .gre = 6 },
{ .name = "pptp-pac-opens-control-in-call", M, .opener = "IWsGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-calls-both-ways", M, .opener = "OIWssGsMX", .other = "OIWssGs", .calls = 4, .gre = 48 },
{ .name = "pptp-coalesced-echo-ocrq", M, .opener = "E+OWGsX", .calls = 1, .gre = 6 },              /* only the first is seen */
{ .name = "pptp-coalesced-echo-ocrp", M, .joins = 100, .opener = "E+OWGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-coalesced-ocrq-ocrq", M, .joins = 100, .opener = "O+O+E+OWGsX", .calls = 3, .gre = 18 },
{ .name = "pptp-coalesced-dnat", F, .joins = 100, .opener = "E+O+E+OWL+R+GsX", .calls = 2, .gre = 12 },
{ .name = "pptp-split-masq", M, .cuts = 100, .opener = "OWGsLsX", .calls = 1, .gre = 6 },           /* passes unseen */
{ .name = "pptp-split-dnat", F, .cuts = 100, .opener = "OWGsLsX", .calls = 1, .gre = 6 },
{ .name = "pptp-split-both", B, .cuts = 100, .opener = "OWGsLCWsOWGsX", .calls = 2, .gre = 12 },
{ .name = "pptp-split-small-mss", M, SMALL_MSS, .opener = "OOWGsX", .calls = 2, .gre = 12 },
{ .name = "pptp-split-nagle", M, NAGLE, .cuts = 100, .opener = "OOWGsX", .calls = 2, .gre = 12 },
{ .name = "pptp-set-link-info-after-ocrp", M, .opener = "OWLsGsX", .calls = 1, .gre = 6 },
{ .name = "pptp-wan-error-notify", M, .opener = "OWssGsX", .other = "sR", .calls = 1, .gre = 6 },
{ .name = "pptp-cdn-of-the-pac", M, .opener = "OWGssssX", .other = "ssC", .calls = 1, .gre = 6 },
