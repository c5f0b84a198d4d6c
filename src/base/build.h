/*
 * build.h - how this program was built, for provenance (contract C6).
 */
#ifndef BASE_BUILD_H
#define BASE_BUILD_H

const char *build_version(void);  /* "0.1.0" */
const char *build_revision(void); /* git commit, "-dirty" if changed */
const char *build_compiler(void); /* "GNU 12.2.0" */
const char *build_flags(void);    /* of the C compiler */
const char *build_type(void);     /* "Release" */

#endif /* BASE_BUILD_H */
