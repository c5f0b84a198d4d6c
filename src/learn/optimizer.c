/*
 * optimizer.c
 */
#include "learn/optimizer.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/mem.h"
#include "learn/muon.h"
#include "learn/net.h"

/* Numbers in a piece of work for a thread, and in a partial sum. */
#define PIECE ((size_t)1 << 14)

/* A piece of the flat vector: numbers [first, first + n) of one tensor. */
struct piece {
    size_t number; /* of the tensor in the table */
    size_t first, n;
    bool is_muon; /* all of a matrix */
    double cost;  /* Muon: of all matrices before and half of this one, as a
                     share of the cost of all */
};

/* Of a shape that Muon meets: one scratch for each thread. */
struct shape {
    size_t rows, columns;
    struct muon **muon; /* n_threads */
};

struct optimizer {
    struct optimizer_settings settings;
    const struct net_parameter *table;
    size_t n_table, size;
    int n_threads;
    float *moments[OPTIMIZER_MOMENTS];
    struct shape *shapes;
    size_t n_shapes;
    size_t *shape_of; /* of each row of the table */
    struct piece *pieces;
    size_t n_pieces;
    double *sums; /* one for each piece */
};

static bool
is_for_muon(const struct optimizer *o, const struct net_parameter *p)
{
    return o->settings.has_muon && p->role == NET_MATRIX;
}

/* Find or add the shape of p; n_threads scratches. */
static int
add_shape(struct optimizer *o, size_t *number, const struct net_parameter *p,
    const struct kernels *kernels)
{
    struct shape *shape;

    for (*number = 0; *number < o->n_shapes; ++*number) {
        shape = &o->shapes[*number];
        if (shape->rows == p->rows && shape->columns == p->columns) {
            return 0;
        }
    }
    shape = &o->shapes[o->n_shapes++];
    *shape = (struct shape){.rows = p->rows, .columns = p->columns};
    shape->muon = mem_alloc((size_t)o->n_threads, sizeof(struct muon *));
    if (shape->muon == NULL) {
        return -1;
    }
    for (int t = 0; t < o->n_threads; t++) {
        shape->muon[t] = muon_new(kernels, p->rows, p->columns);
        if (shape->muon[t] == NULL) {
            return -1;
        }
    }
    return 0;
}

/* Pieces of a tensor; counts them only if pieces is NULL. */
static size_t
cut(struct piece *pieces, const struct net_parameter *p, size_t number,
    bool is_muon)
{
    size_t n = p->rows * p->columns, n_pieces = 0;
    size_t step = is_muon ? n : PIECE;

    for (size_t done = 0; done < n; done += step) {
        if (pieces != NULL) {
            pieces[n_pieces] = (struct piece){
                .number = number,
                .first = p->offset + done,
                .n = n - done < step ? n - done : step,
                .is_muon = is_muon,
            };
        }
        n_pieces++;
    }
    return n_pieces;
}

/* What the products of Newton-Schulz cost, up to a factor. */
static double
muon_cost(const struct net_parameter *p)
{
    double rows = (double)p->rows, columns = (double)p->columns;
    double s = fmin(rows, columns), l = fmax(rows, columns);

    return s * s * (2 * l + s);
}

static void
share_cost(struct optimizer *o)
{
    double sum = 0;

    for (size_t i = 0; i < o->n_pieces && o->pieces[i].is_muon; i++) {
        double cost = muon_cost(&o->table[o->pieces[i].number]);
        o->pieces[i].cost = sum + cost / 2;
        sum += cost;
    }
    for (size_t i = 0; i < o->n_pieces && o->pieces[i].is_muon; i++) {
        o->pieces[i].cost /= sum;
    }
}

/* Matrices first: they take longest. */
static int
cut_all(struct optimizer *o)
{
    size_t n = 0;

    for (size_t i = 0; i < o->n_table; i++) {
        n += cut(NULL, &o->table[i], i, is_for_muon(o, &o->table[i]));
    }
    o->pieces = mem_alloc(n, sizeof(*o->pieces));
    o->sums = mem_alloc(n, sizeof(*o->sums));
    if (o->pieces == NULL || o->sums == NULL) {
        return -1;
    }
    for (int is_muon = 1; is_muon >= 0; is_muon--) {
        for (size_t i = 0; i < o->n_table; i++) {
            if (is_for_muon(o, &o->table[i]) == is_muon) {
                o->n_pieces +=
                    cut(o->pieces + o->n_pieces, &o->table[i], i, is_muon);
            }
        }
    }
    share_cost(o);
    return 0;
}

struct optimizer *
optimizer_new(const struct optimizer_settings *settings,
    const struct net_parameter *table, size_t n_table,
    const struct kernels *kernels, int n_threads)
{
    struct optimizer *o = mem_alloc(1, sizeof(*o));

    if (o == NULL) {
        return NULL;
    }
    o->settings = *settings;
    o->table = table;
    o->n_table = n_table;
    o->n_threads = n_threads;
    o->shapes = mem_alloc(n_table, sizeof(*o->shapes));
    o->shape_of = mem_alloc(n_table, sizeof(*o->shape_of));
    if (o->shapes == NULL || o->shape_of == NULL) {
        goto fail;
    }
    for (size_t i = 0; i < n_table; i++) {
        o->size += table[i].rows * table[i].columns;
        if (is_for_muon(o, &table[i]) &&
            add_shape(o, &o->shape_of[i], &table[i], kernels) != 0) {
            goto fail;
        }
    }
    for (int i = 0; i < OPTIMIZER_MOMENTS; i++) {
        o->moments[i] = mem_alloc(o->size, sizeof(float));
        if (o->moments[i] == NULL) {
            goto fail;
        }
    }
    if (cut_all(o) != 0) {
        goto fail;
    }
    return o;
fail:
    optimizer_free(o);
    return NULL;
}

void
optimizer_free(struct optimizer *o)
{
    if (o == NULL) {
        return;
    }
    for (size_t s = 0; s < o->n_shapes; s++) {
        for (int t = 0; o->shapes[s].muon != NULL && t < o->n_threads; t++) {
            muon_free(o->shapes[s].muon[t]);
        }
        mem_free(o->shapes[s].muon);
    }
    for (int i = 0; i < OPTIMIZER_MOMENTS; i++) {
        mem_free(o->moments[i]);
    }
    mem_free(o->shapes);
    mem_free(o->shape_of);
    mem_free(o->pieces);
    mem_free(o->sums);
    mem_free(o);
}

float *
optimizer_moment(struct optimizer *o, int i)
{
    return o->moments[i];
}

static void
step_adam(struct optimizer *o, float *parameters, const float *gradients,
    const struct piece *piece, double factor, uint64_t n_before)
{
    const struct optimizer_settings *s = &o->settings;
    enum net_role role = o->table[piece->number].role;
    double decay = role == NET_GAIN || role == NET_BIAS ? 0 : s->decay;
    double t = (double)n_before + 1;
    float beta1 = (float)s->beta1, beta2 = (float)s->beta2;
    float rate = (float)(s->rate * factor / (1 - pow(s->beta1, t)));
    float widen = (float)(1 / (1 - pow(s->beta2, t)));
    float epsilon = (float)s->epsilon;
    float keep = (float)(1 - s->rate * factor * decay);
    float *p = parameters + piece->first;
    const float *g = gradients + piece->first;
    float *mean = o->moments[0] + piece->first;
    float *square = o->moments[1] + piece->first;

    for (size_t i = 0; i < piece->n; i++) {
        mean[i] = beta1 * mean[i] + (1 - beta1) * g[i];
        square[i] = beta2 * square[i] + (1 - beta2) * g[i] * g[i];
        p[i] =
            keep * p[i] - rate * mean[i] / (sqrtf(square[i] * widen) + epsilon);
    }
}

/* The direction of one matrix, in place of its gradient. */
static void
direct(struct optimizer *o, float *gradients, const struct piece *piece,
    bool is_mine, int thread)
{
    float momentum = (float)o->settings.muon_momentum;
    float *g = gradients + piece->first;
    float *mean = o->moments[0] + piece->first;

    for (size_t i = 0; i < piece->n; i++) {
        mean[i] = momentum * mean[i] + (1 - momentum) * g[i];
        g[i] = momentum * mean[i] + (1 - momentum) * g[i];
    }
    if (is_mine) {
        size_t shape = o->shape_of[piece->number];
        muon_orthogonalize(o->shapes[shape].muon[thread], g);
    } else {
        memset(g, 0, piece->n * sizeof(*g));
    }
}

void
optimizer_direct(struct optimizer *o, float *gradients, int part, int n_parts)
{
#pragma omp parallel for schedule(dynamic) num_threads(o->n_threads)
    for (size_t i = 0; i < o->n_pieces; i++) {
        const struct piece *piece = &o->pieces[i];
        if (piece->is_muon) {
            direct(o, gradients, piece, (int)(piece->cost * n_parts) == part,
                omp_get_thread_num());
        }
    }
}

bool
optimizer_range(const struct optimizer *o, size_t *first, size_t *n, size_t i)
{
    size_t at = 0;

    /* Matrices that lie one after the other are one range. */
    for (size_t range = 0; at < o->n_pieces && o->pieces[at].is_muon; range++) {
        *first = o->pieces[at].first;
        *n = 0;
        while (at < o->n_pieces && o->pieces[at].is_muon &&
               o->pieces[at].first == *first + *n) {
            *n += o->pieces[at++].n;
        }
        if (range == i) {
            return true;
        }
    }
    return false;
}

/* Muon on one matrix, whose direction is known. */
static void
step_muon(struct optimizer *o, float *parameters, const float *directions,
    const struct piece *piece, double factor)
{
    const struct optimizer_settings *s = &o->settings;
    const struct net_parameter *t = &o->table[piece->number];
    double outputs = (double)(t->is_transposed ? t->columns : t->rows);
    double inputs = (double)(t->is_transposed ? t->rows : t->columns);
    float rate =
        (float)(s->muon_rate * factor * sqrt(fmax(1, outputs / inputs)));
    float keep = (float)(1 - s->muon_rate * factor * s->muon_decay);
    float *p = parameters + piece->first;
    const float *x = directions + piece->first;

    for (size_t i = 0; i < piece->n; i++) {
        p[i] = keep * p[i] - rate * x[i];
    }
}

void
optimizer_step(struct optimizer *o, float *parameters, const float *gradients,
    double factor, uint64_t n_before)
{
#pragma omp parallel for schedule(dynamic) num_threads(o->n_threads)
    for (size_t i = 0; i < o->n_pieces; i++) {
        const struct piece *piece = &o->pieces[i];
        if (piece->is_muon) {
            step_muon(o, parameters, gradients, piece, factor);
        } else {
            step_adam(o, parameters, gradients, piece, factor, n_before);
        }
    }
}

double
optimizer_norm(struct optimizer *o, const float *x)
{
    double sum = 0;

#pragma omp parallel for num_threads(o->n_threads)
    for (size_t i = 0; i < o->n_pieces; i++) {
        const float *y = x + o->pieces[i].first;
        double part = 0;
        for (size_t j = 0; j < o->pieces[i].n; j++) {
            part += (double)y[j] * y[j];
        }
        o->sums[i] = part;
    }
    for (size_t i = 0; i < o->n_pieces; i++) {
        sum += o->sums[i];
    }
    return sqrt(sum);
}

void
optimizer_scale(const struct optimizer *o, float *x, float factor)
{
#pragma omp parallel for num_threads(o->n_threads)
    for (size_t i = 0; i < o->size; i++) {
        x[i] *= factor;
    }
}

void
optimizer_average(
    const struct optimizer *o, float *average, const float *x, float share)
{
#pragma omp parallel for num_threads(o->n_threads)
    for (size_t i = 0; i < o->size; i++) {
        average[i] = share * average[i] + (1 - share) * x[i];
    }
}
