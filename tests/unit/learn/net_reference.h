/*
 * net_reference.h - the loss of a Transformer in double, by the book: every
 * position by itself, every sum a loop.
 */
#ifndef TESTS_LEARN_NET_REFERENCE_H
#define TESTS_LEARN_NET_REFERENCE_H

#include "learn/net.h"
#include "model/model_config.h"

/*
 * Summed nats of a batch; parameters as described by the table of net.
 * Returns NaN where memory is short.
 */
double net_reference_nats(const struct net *net,
    const struct model_config *config, const double *parameters,
    const struct net_batch *batch);

#endif /* TESTS_LEARN_NET_REFERENCE_H */
