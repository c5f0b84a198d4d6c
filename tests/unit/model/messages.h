/*
 * messages.h - the text of error messages.
 */
#ifndef TESTS_MODEL_MESSAGES_H
#define TESTS_MODEL_MESSAGES_H

/* Messages are held from here on... */
void messages_hold(void);

/* ...until this returns and forgets them; valid until the next call. */
const char *messages_take(void);

/* Assert that the messages since messages_hold() contain word. */
#define CHECK_MESSAGE(word) messages_check(word, __FILE__, __LINE__)
void messages_check(const char *word, const char *file, int line);

#endif /* TESTS_MODEL_MESSAGES_H */
