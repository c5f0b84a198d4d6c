/*
 * elementary.h - elementary functions with the same bits everywhere.
 *
 * Built from IEEE additions, products, fma, division and sqrt only; libm
 * differs between processors.  Errors are below 2 units in the last place
 * over the stated range.
 */
#ifndef MATH_ELEMENTARY_H
#define MATH_ELEMENTARY_H

float elementary_expf(float x); /* 0 below -87.3, infinity above 88.72 */
double elementary_exp(double x);
double elementary_log(double x);  /* x > 0, finite */
double elementary_log2(double x); /* x > 0, finite; exact for powers of 2 */
double elementary_sin(double x);  /* |x| < 2^30 */
double elementary_cos(double x);  /* |x| < 2^30 */

/* x^y for x > 0; relative error below 1e-14 for |y log x| < 100. */
double elementary_pow(double x, double y);

#endif /* MATH_ELEMENTARY_H */
