/*
 * file_clean_pdf.c: a PDF without what says who made it, where and with what, as far as that lies open in it. Pure.
 *
 * Every byte stays in its place: what goes is written over with blanks, so that no table of the file points anywhere else. Written
 * over are the texts of the document information (author, title, program, times), packets of XMP, and the Exif, XMP and comments of
 * JPEG pictures that stand in the file as they came from the camera. What lies in compressed or encrypted parts cannot be reached
 * without making the file anew, which a paper that somebody hands in as proof should not be; a paper that is signed is left wholly
 * alone, since its signature speaks for each of its bytes.
 */
#include <stdio.h>
#include <string.h>

#include "flow/attachment.h"

#define MAX_INFOS     16                      /* references to document information: one a revision of the file */
#define MAX_OBJECTS   16                      /* revisions of one object */
#define MAX_SEGMENTS  256                     /* of a JPEG before its picture begins */

typedef struct { uint8_t *p; size_t len; } file;


/* The first place of a word in [from, to), or to. */
static size_t
find(const file *f, size_t from, size_t to, const char *word)
{
    const uint8_t  *at = from < to ? memmem(f->p + from, to - from, word, strlen(word)) : NULL;

    return at == NULL ? to : (size_t) (at - f->p);
}


static bool
holds(const file *f, const char *word)
{
    return find(f, 0, f->len, word) < f->len;
}


static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}


/* Decimal digits at *at, which moves behind them and blanks; -1: none, or too many. */
static long
number(const file *f, size_t *at)
{
    long    n = -1;
    size_t  from;

    while (*at < f->len && is_space(f->p[*at])) {
        (*at)++;
    }
    from = *at;
    while (*at < f->len && f->p[*at] >= '0' && f->p[*at] <= '9') {
        if (*at - from >= 8) {
            return -1;
        }
        n = (n < 0 ? 0 : n * 10) + (f->p[*at] - '0');
        (*at)++;
    }

    return n;
}


/* ------------------------------------------------------------------ XMP */

/* From `from` to the end that belongs to it, when both are of one stream. */
static void
blank_packets(file *f, const char *begin, const char *end)
{
    for (size_t at = find(f, 0, f->len, begin); at < f->len; at = find(f, at, f->len, begin)) {
        size_t  stream = find(f, at, f->len, "endstream"), last = find(f, at, stream, end);

        if (last == stream) {
            at += strlen(begin);
            continue;
        }
        last += strlen(end);
        memset(f->p + at, ' ', last - at);
        at = last;
    }
}


/* ------------------------------------------------------------------ document information */

/* "(text)", with what is nested and escaped in it. Where it ends. */
static size_t
blank_literal(file *f, size_t at, size_t to)
{
    unsigned  depth = 1;

    for (at++; at < to; at++) {
        uint8_t  c = f->p[at];

        if (c == '\\' && at + 1 < to) {
            f->p[at++] = ' ';
        } else if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0) {
            return at + 1;
        }
        f->p[at] = ' ';
    }

    return to;
}


/* "<48656c>": becomes blanks, written as they are written there. */
static size_t
blank_hex(file *f, size_t at, size_t to)
{
    bool  low = false;

    for (at++; at < to && f->p[at] != '>'; at++) {
        if (!is_space(f->p[at])) {
            f->p[at] = low ? '0' : '2';
            low = !low;
        }
    }

    return at;
}


static void
blank_strings(file *f, size_t at, size_t to)
{
    while (at < to) {
        if (f->p[at] == '(') {
            at = blank_literal(f, at, to);
        } else if (f->p[at] == '<' && at + 1 < to && f->p[at + 1] == '<') {
            at += 2;
        } else if (f->p[at] == '<') {
            at = blank_hex(f, at, to);
        } else {
            at++;
        }
    }
}


/* Every revision of an object "N G obj … endobj": its texts. */
static void
blank_object(file *f, long n, long generation)
{
    char    head[40];
    size_t  at = 0;

    snprintf(head, sizeof(head), "%ld %ld obj", n, generation);
    for (unsigned seen = 0; seen < MAX_OBJECTS; seen++) {
        size_t  end;

        at = find(f, at, f->len, head);
        if (at == f->len) {
            return;
        }
        end = find(f, at, f->len, "endobj");
        if ((at == 0 || f->p[at - 1] < '0' || f->p[at - 1] > '9') && end < f->len) {
            blank_strings(f, at + strlen(head), end);
        }
        at += strlen(head);
    }
}


static void
blank_information(file *f)
{
    size_t  at = 0;

    for (unsigned seen = 0; seen < MAX_INFOS; seen++) {
        long  n, generation;

        at = find(f, at, f->len, "/Info");
        if (at == f->len) {
            return;
        }
        at += strlen("/Info");
        n = number(f, &at);
        generation = number(f, &at);
        if (n >= 0 && generation >= 0) {
            blank_object(f, n, generation);
        }
    }
}


/* ------------------------------------------------------------------ pictures */

/* Segments up to the picture: how many, when all hold together and there is a frame among them; 0: this is no JPEG. With `blank`,
 * those that tell of the camera are written over. */
static unsigned
walk_jpeg(file *f, size_t at, bool blank)
{
    bool  framed = false;

    at += 2;
    for (unsigned n = 1; n <= MAX_SEGMENTS && at + 4 <= f->len && f->p[at] == 0xff; n++) {
        unsigned  marker = f->p[at + 1];
        size_t    size = (size_t) f->p[at + 2] << 8 | f->p[at + 3];

        if (marker < 0xc0 || marker == 0xff || (marker >= 0xd0 && marker <= 0xd9) || size < 2 || size > f->len - at - 2) {
            return 0;
        }
        if (marker == 0xda) {
            return framed ? n : 0;
        }
        framed = framed || (marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc);
        if (blank && (marker == 0xe1 || marker == 0xed || marker == 0xfe)) {
            memset(f->p + at + 4, 0, size - 2);
        }
        at += 2 + size;
    }

    return 0;
}


static void
blank_cameras(file *f)
{
    for (size_t at = find(f, 0, f->len, "\xff\xd8\xff"); at < f->len; at = find(f, at + 2, f->len, "\xff\xd8\xff")) {
        if (walk_jpeg(f, at, false) > 0) {
            walk_jpeg(f, at, true);
        }
    }
}


void
bx_file_clean_pdf(uint8_t *data, size_t len)
{
    file  f = { data, len };

    if (holds(&f, "/ByteRange")) {
        return;
    }
    if (!holds(&f, "/Encrypt")) {             /* ciphers end a string and a packet where they like */
        blank_information(&f);
        blank_packets(&f, "<?xpacket begin", "<?xpacket end");
        blank_packets(&f, "<x:xmpmeta", "</x:xmpmeta>");
    }
    blank_cameras(&f);
}
