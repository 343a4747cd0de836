/*
 * test_clean.c: pictures without what cameras write beside them (file_clean.c), papers without who made them (file_clean_pdf.c): nothing of it is left, the picture is, and
 * files that do not hold together are refused without reading or writing past their ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/attachment.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define SECRET    "GPS 26.4107N 106.6302E"     /* what must not be found again */

typedef struct { uint8_t b[64 * 1024]; size_t n; } bytes;

static bytes  in, out;

static void
load(const char *name)
{
    char   path[256];
    FILE  *f;

    snprintf(path, sizeof(path), "tests/unit/files/%s", name);
    f = fopen(path, "rb");
    assert_non_null(f);
    in.n = fread(in.b, 1, sizeof(in.b), f);
    fclose(f);
    assert_true(in.n > 50 && in.n < sizeof(in.b));
}

static void
insert(size_t at, const void *what, size_t n)
{
    assert_true(in.n + n <= sizeof(in.b));
    memmove(in.b + at + n, in.b + at, in.n - at);
    memcpy(in.b + at, what, n);
    in.n += n;
}

/* Cleans the first n bytes of `in`, in memory of exactly that size; what is left is in `out`. */
static bool
clean_first(size_t n)
{
    bx_arena      *a = bx_arena_create(1024);
    uint8_t       *copy = malloc(n ? n : 1);
    bx_file_info   info;
    bx_value       v = bx_null();
    bool           ok;

    memcpy(copy, in.b, n);
    bx_file_sniff(copy, n, &info);
    ok = bx_file_clean(a, copy, n, &info, &v) == BX_OK;
    if (ok) {
        assert_true(v.len <= sizeof(out.b) && v.len <= n + 36);
        memcpy(out.b, v.s, v.len);
        out.n = v.len;
        bx_file_sniff(out.b, out.n, &info);
        assert_true(info.sound);
    }
    free(copy);
    bx_arena_destroy(a);
    return ok;
}

static bool
clean(void)
{
    return clean_first(in.n);
}

static bool
has(const bytes *where, const char *what)
{
    return memmem(where->b, where->n, what, strlen(what)) != NULL;
}

static bool
same_size(unsigned width, unsigned height)
{
    bx_file_info  info;

    bx_file_sniff(out.b, out.n, &info);
    return info.sound && info.width == width && info.height == height;
}

/* ------------------------------------------------------------------ JPEG */

static size_t
segment(uint8_t *p, unsigned marker, const void *content, size_t n)
{
    p[0] = 0xff;
    p[1] = (uint8_t) marker;
    p[2] = (uint8_t) ((n + 2) >> 8);
    p[3] = (uint8_t) (n + 2);
    memcpy(p + 4, content, n);
    return n + 4;
}

/* An Exif with how the picture is turned, and a place behind it. */
static size_t
exif(uint8_t *p, bool big, unsigned turned)
{
    uint8_t  c[128] = "Exif\0\0";
    size_t   n = 6;

    memcpy(c + n, big ? "MM\0*\0\0\0\10\0\2" : "II*\0\10\0\0\0\2\0", 10);
    n += 10;
    memcpy(c + n, big ? "\x88\x25\0\4\0\0\0\1\0\0\0\x26" : "\x25\x88\4\0\1\0\0\0\x26\0\0\0", 12);
    n += 12;
    memcpy(c + n, big ? "\1\x12\0\3\0\0\0\1\0\0\0\0" : "\x12\1\3\0\1\0\0\0\0\0\0\0", 12);
    c[n + (big ? 9 : 8)] = (uint8_t) turned;
    n += 12 + 4;
    memcpy(c + n, SECRET, strlen(SECRET));
    n += strlen(SECRET);
    return segment(p, 0xe1, c, n);
}

static void
place_and_time_go(void **state)
{
    uint8_t  s[512];
    size_t   plain;

    (void) state;
    load("photo.jpg");
    assert_true(clean());
    plain = out.n;

    insert(20, s, segment(s, 0xfe, "comment " SECRET, 30));
    insert(20, s, segment(s, 0xed, "Photoshop 3.0 " SECRET, 36));
    insert(20, s, segment(s, 0xe2, "MPF\0" SECRET, 26));
    insert(20, s, segment(s, 0xe1, "http://ns.adobe.com/xap/1.0/\0" SECRET, 51));
    insert(2, s, exif(s, true, 1));
    insert(in.n, "\xff\xd8\xff film and a second picture " SECRET, 53);
    assert_true(has(&in, SECRET));
    assert_true(clean());
    assert_false(has(&out, "GPS"));
    assert_false(has(&out, "Exif"));
    assert_int_equal(out.n, plain);
    assert_true(same_size(37, 21));
    assert_memory_equal(out.b + out.n - 2, "\xff\xd9", 2);
}

static void
the_way_up_stays(void **state)
{
    uint8_t  s[512];

    (void) state;
    for (int big = 0; big < 2; big++) {
        for (unsigned turned = 0; turned < 12; turned++) {
            load("photo.jpg");
            insert(20, s, exif(s, big, turned));
            assert_true(clean());
            assert_false(has(&out, "GPS"));
            assert_int_equal(memmem(out.b, out.n, "Exif\0\0MM\0*", 10) != NULL, turned >= 2 && turned <= 8);
            if (turned >= 2 && turned <= 8) {             /* and is read again from what was written */
                memcpy(in.b, out.b, out.n);
                in.n = out.n;
                assert_true(clean());
                assert_int_equal(out.n, in.n);
                assert_memory_equal(out.b, in.b, in.n);
            }
        }
    }
}

static void
hostile_exif(void **state)
{
    uint8_t   s[512];
    size_t    n;
    unsigned  seed = 7;

    (void) state;
    for (int i = 0; i < 20000; i++) {
        load("photo.jpg");
        n = exif(s, i & 1, 6);
        for (int k = 0; k < 3; k++) {
            seed = seed * 1103515245u + 12345u;
            s[4 + (seed >> 8) % (n - 4)] = (uint8_t) (seed >> 24);
        }
        insert(20, s, n);
        assert_true(clean());                 /* whatever an Exif says, the picture is whole */
        assert_false(has(&out, "26.4107N 106.6302E"));
    }
}

static void
jfif_thumbnail_goes(void **state)
{
    uint8_t  s[128], c[64] = "JFIF\0\1\1\0\0\1\0\1";

    (void) state;
    load("photo.jpg");
    memmove(in.b + 2, in.b + 20, in.n - 20);              /* without the JFIF it has */
    in.n -= 18;
    c[12] = 2;
    c[13] = 4;
    memcpy(c + 14, SECRET "..", 24);
    insert(2, s, segment(s, 0xe0, c, 38));
    insert(44, s, segment(s, 0xe0, "JFXX\0\20" SECRET, 28));
    assert_true(clean());
    assert_false(has(&out, "GPS"));
    assert_true(has(&out, "JFIF"));
    assert_true(same_size(37, 21));
}

static void
restarts_and_several_scans(void **state)
{
    static const char  jpeg[] = "\xff\xd8" "\xff\xc2\0\10\10\0\25\0\45\1" "\xff\xda\0\6\1\1\0\0" "ab\xff\0c\xff\xd0" "de\xff\xff\xff\0f"
                                "\xff\xfe\0\10SECRET" "\xff\xc4\0\4xx" "\xff\xda\0\6\1\1\0\0" "gh\xff\xd7i" "\xff\xff\xff\xd9" "after";
    static const char  kept[] = "\xff\xd8" "\xff\xc2\0\10\10\0\25\0\45\1" "\xff\xda\0\6\1\1\0\0" "ab\xff\0c\xff\xd0" "de\xff\xff\xff\0f"
                                "\xff\xc4\0\4xx" "\xff\xda\0\6\1\1\0\0" "gh\xff\xd7i" "\xff\xd9";

    (void) state;
    memcpy(in.b, jpeg, sizeof(jpeg) - 1);
    in.n = sizeof(jpeg) - 1;
    assert_true(clean());
    assert_false(has(&out, "SECRET"));
    assert_false(has(&out, "after"));
    /* fill bytes in front of a marker may stay or go */
    assert_true(out.n >= sizeof(kept) - 1 && out.n <= sizeof(kept) + 1);
}

/* ------------------------------------------------------------------ PNG */

static uint32_t
crc(const uint8_t *p, size_t n)
{
    uint32_t  c = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++) {
            c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        }
    }
    return ~c;
}

static size_t
chunk(uint8_t *p, const char *type, const void *content, size_t n)
{
    uint32_t  sum;

    p[0] = p[1] = 0;
    p[2] = (uint8_t) (n >> 8);
    p[3] = (uint8_t) n;
    memcpy(p + 4, type, 4);
    memcpy(p + 8, content, n);
    sum = crc(p + 4, n + 4);
    for (int i = 0; i < 4; i++) {
        p[8 + n + (size_t) i] = (uint8_t) (sum >> (24 - 8 * i));
    }
    return n + 12;
}

static void
png_texts_go(void **state)
{
    static const char *const  types[] = { "tEXt", "zTXt", "iTXt", "eXIf", "tIME", "prVt", "acTL", "caBX" };
    uint8_t                   s[256];
    size_t                    plain;

    (void) state;
    load("photo.png");
    assert_true(clean());
    plain = out.n;
    for (size_t i = 0; i < COUNT(types); i++) {
        insert(33, s, chunk(s, types[i], SECRET, 22));
    }
    insert(in.n, SECRET, 22);
    assert_true(clean());
    assert_false(has(&out, "GPS"));
    assert_int_equal(out.n, plain);
    assert_true(same_size(37, 21));

    load("photo.png");
    insert(33, s, chunk(s, "ABCD", SECRET, 22));          /* one that every decoder would have to know */
    assert_false(clean());
    load("photo.png");
    insert(33, s, chunk(s, "IHDR", in.b + 16, 13));
    assert_false(clean());
}

/* ------------------------------------------------------------------ WebP */

static void
set_riff(void)
{
    for (unsigned i = 0; i < 4; i++) {
        in.b[4 + i] = (uint8_t) ((in.n - 8) >> (8 * i));
    }
}

static void
webp_chunks_go(void **state)
{
    static const char *const  files[] = { "lossy.webp", "lossless.webp", "extended.webp" };
    uint8_t                   s[64];

    (void) state;
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t  plain;

        load(files[i]);
        assert_true(clean());
        plain = out.n;
        memcpy(s, "EXIF\26\0\0\0" SECRET, 30);
        insert(in.n, s, 30);
        memcpy(s, "XMP \27\0\0\0" SECRET "!\0", 32);
        insert(in.n, s, 32);
        memcpy(s, "what\26\0\0\0" SECRET, 30);
        insert(in.n, s, 30);
        if (memcmp(in.b + 12, "VP8X", 4) == 0) {
            in.b[20] |= 0x0c;
        }
        set_riff();
        insert(in.n, SECRET, 22);             /* behind the end */
        assert_true(clean());
        assert_false(has(&out, "GPS"));
        assert_int_equal(out.n, plain);
        assert_true(same_size(37, 21));
        assert_true(memcmp(out.b + 12, "VP8X", 4) != 0 || (out.b[20] & 0x0c) == 0);
    }
}

/* ------------------------------------------------------------------ what does not hold together */

static const char *const  samples[] = { "photo.jpg", "photo.png", "lossy.webp", "lossless.webp", "extended.webp", "paper.pdf" };

static void
cut_short(void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        load(samples[i]);
        for (size_t n = 0; n < in.n; n++) {
            bool  ok = clean_first(n);

            assert_true(!ok || i == COUNT(samples) - 1);  /* a picture that ends too soon is never taken */
        }
        assert_true(clean());
    }
}

static void
bent(void **state)
{
    unsigned  seed = 5;

    (void) state;
    for (int i = 0; i < 30000; i++) {
        load(samples[(size_t) i % COUNT(samples)]);
        for (int k = 0; k < 4; k++) {
            seed = seed * 1103515245u + 12345u;
            in.b[(seed >> 8) % (k < 2 && in.n > 64 ? 64 : in.n)] = (uint8_t) (seed >> 24);
        }
        (void) clean();
    }
}

static void
again_is_the_same(void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        load(samples[i]);
        assert_true(clean());
        memcpy(in.b, out.b, out.n);
        in.n = out.n;
        assert_true(clean());
        assert_int_equal(in.n, out.n);
        assert_memory_equal(in.b, out.b, in.n);
    }
}

/* A paper as a telephone scans it: information, XMP, a photo as the camera made it. */
static void
scanned(const char *more)
{
    static const char  photo[] = "\xff\xd8\xff\xe1\0\x1e" "Exif\0\0" SECRET "\xff\xc0\0\x0b\x08\0\x15\0\x25\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0" "PICTURE\xff\xd9";
    int                n;

    n = snprintf((char *) in.b, sizeof(in.b),
                 "%%PDF-1.4\n1 0 obj\n<</Title (" SECRET " \\(a\\) (b)) /Author <%s> /Keys [(" SECRET ")]>>\nendobj\n"
                 "11 0 obj <</Name (kept)>> endobj\n"
                 "2 0 obj <</Type /Metadata /Subtype /XML /Length 99>> stream\n<?xpacket begin='x'?><x:xmpmeta>" SECRET "</x:xmpmeta><?xpacket end='w'?>\nendstream endobj\n"
                 "3 0 obj <</Length 9>> stream\n(" SECRET "x) Tj\nendstream endobj\n"
                 "4 0 obj <</Subtype /Image /Filter /DCTDecode>> stream\n", "4750532032");
    memcpy(in.b + n, photo, sizeof(photo) - 1);
    in.n = (size_t) n + sizeof(photo) - 1;
    n = snprintf((char *) in.b + in.n, sizeof(in.b) - in.n, "\nendstream endobj\n%s\ntrailer <</Root 5 0 R /Info 1 0 R>>\nstartxref\n9\n%%%%EOF\n", more);
    in.n += (size_t) n;
}

static unsigned
times(const char *word)
{
    unsigned  n = 0;

    for (const uint8_t *p = out.b; (p = memmem(p, out.n - (size_t) (p - out.b), word, strlen(word))) != NULL; p++) {
        n++;
    }
    return n;
}

static void
pdf_maker_goes(void **state)
{
    (void) state;
    scanned("");
    assert_true(clean());
    assert_int_equal(in.n, out.n);
    assert_int_equal(times(SECRET), 1);       /* the page itself says it */
    assert_int_equal(times("(" SECRET "x) Tj"), 1);
    assert_int_equal(times("4750532032"), 0);
    assert_int_equal(times("<2020202020>"), 1);
    assert_int_equal(times("(kept)"), 1);
    assert_int_equal(times("xmpmeta"), 0);
    assert_int_equal(times("Exif"), 0);
    assert_int_equal(times("PICTURE"), 1);
    assert_int_equal(times("trailer <</Root 5 0 R /Info 1 0 R>>"), 1);
}

static void
pdf_that_is_signed_stays(void **state)
{
    (void) state;
    scanned("6 0 obj <</Type /Sig /ByteRange [0 1 2 3]>> endobj");
    assert_true(clean());
    assert_int_equal(in.n, out.n);
    assert_memory_equal(in.b, out.b, in.n);
}

static void
pdf_that_is_encrypted_keeps_its_texts(void **state)
{
    (void) state;
    scanned("/Encrypt 7 0 R");
    assert_true(clean());
    assert_int_equal(times("4750532032"), 1);
    assert_int_equal(times("Exif"), 0);
}

static void
pdf_hostile(void **state)
{
    static const char *const  ends[] = { "", "(", "<", "<<", "\\", "/Info", "/Info 1", "/Info 999999999999 0 R", "<?xpacket begin", "1 0 obj (", "\xff\xd8\xff" };

    (void) state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        scanned(ends[i]);
        (void) clean();
        memcpy(in.b + in.n, ends[i], strlen(ends[i]));
        in.n += strlen(ends[i]);
        (void) clean();
    }
    scanned("");                              /* information that holds the end of the file */
    memcpy(memmem(in.b, in.n, SECRET, strlen(SECRET)), "startxref 9 %%EOF", 17);
    memset(memmem(in.b + in.n - 40, 40, "startxref", 9), 'x', 9);
    (void) clean();
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(place_and_time_go),
        cmocka_unit_test(the_way_up_stays),
        cmocka_unit_test(hostile_exif),
        cmocka_unit_test(jfif_thumbnail_goes),
        cmocka_unit_test(restarts_and_several_scans),
        cmocka_unit_test(png_texts_go),
        cmocka_unit_test(webp_chunks_go),
        cmocka_unit_test(pdf_maker_goes),
        cmocka_unit_test(pdf_that_is_signed_stays),
        cmocka_unit_test(pdf_that_is_encrypted_keeps_its_texts),
        cmocka_unit_test(pdf_hostile),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(bent),
        cmocka_unit_test(again_is_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
