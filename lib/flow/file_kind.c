/*
 * file_kind.c: what a file is by its content: JPEG, PNG, WebP or PDF, and whether its beginning holds together. Pure.
 * It decodes no picture: it keeps out what is something else under a false name, cut short at the start, or of a size
 * that is meant to hurt whoever opens it.
 */

#include <string.h>
#include <strings.h>

#include "flow/attachment.h"

#define MAX_SIDE    30000u
#define MAX_PIXELS  (200u * 1000 * 1000)

static const struct { bx_file_kind kind; const char *media_type; }  kinds[] = {
    { BX_FILE_JPEG, "image/jpeg" },
    { BX_FILE_PNG,  "image/png" },
    { BX_FILE_WEBP, "image/webp" },
    { BX_FILE_PDF,  "application/pdf" },
    { BX_FILE_JPEG, "image/jpg" },            /* what some phones say; never said by us */
};

bx_file_kind
bx_file_kind_of(const char *media_type)
{
    size_t  i, n;

    if (media_type == NULL) {
        return BX_FILE_UNKNOWN;
    }

    media_type += strspn(media_type, " \t");
    n = strcspn(media_type, "; \t");

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strlen(kinds[i].media_type) == n && strncasecmp(kinds[i].media_type, media_type, n) == 0) {
            return kinds[i].kind;
        }
    }

    return BX_FILE_UNKNOWN;
}

const char *
bx_file_media_type(bx_file_kind kind)
{
    size_t  i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].kind == kind) {
            return kinds[i].media_type;
        }
    }

    return NULL;
}

static unsigned
big16(const uint8_t *p)
{
    return (unsigned) p[0] << 8 | p[1];
}

static uint32_t
big32(const uint8_t *p)
{
    return (uint32_t) big16(p) << 16 | big16(p + 2);
}

static unsigned
little16(const uint8_t *p)
{
    return (unsigned) p[1] << 8 | p[0];
}

static uint32_t
little24(const uint8_t *p)
{
    return (uint32_t) p[2] << 16 | little16(p);
}

static uint32_t
little32(const uint8_t *p)
{
    return (uint32_t) p[3] << 24 | little24(p);
}

static void
set_size(bx_file_info *out, uint32_t width, uint32_t height)
{
    out->width = width;
    out->height = height;
    out->sound = width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE && width <= MAX_PIXELS / height;
}

/* Goes from marker to marker up to the frame header, which has the dimensions. */
static void
look_jpeg(const uint8_t *p, size_t len, bx_file_info *out)
{
    size_t    at = 2, size;
    unsigned  marker;

    while (at + 4 <= len && p[at] == 0xff) {
        marker = p[at + 1];

        if (marker == 0xff) {
            at++;                             /* fill */
            continue;
        }

        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
            at += 2;                          /* no length */
            continue;
        }

        size = big16(p + at + 2);
        if (size < 2 || marker == 0xd8 || marker == 0xd9 || marker == 0xda || at + 2 + size > len) {
            return;
        }

        /* SOF0 to SOF15 without DHT, JPG and DAC; a height of 0 would come later, as no camera does it */
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
            if (size >= 8) {
                set_size(out, big16(p + at + 7), big16(p + at + 5));
            }
            return;
        }

        at += 2 + size;
    }
}

static uint32_t
crc32_of(const uint8_t *p, size_t len)
{
    uint32_t  crc = 0xffffffff;
    size_t    i;
    int       bit;

    for (i = 0; i < len; i++) {
        crc ^= p[i];
        for (bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }

    return ~crc;
}

/* The header comes first, 13 bytes long, with its checksum. */
static void
look_png(const uint8_t *p, size_t len, bx_file_info *out)
{
    if (len < 8 + 8 + 13 + 4 + 12 || big32(p + 8) != 13 || memcmp(p + 12, "IHDR", 4) != 0
        || crc32_of(p + 12, 17) != big32(p + 29))
    {
        return;
    }

    set_size(out, big32(p + 16), big32(p + 20));
}

/* Three kinds of first chunk, each with the dimensions at its own place. */
static void
look_webp(const uint8_t *p, size_t len, bx_file_info *out)
{
    uint32_t  riff = little32(p + 4), bits;

    if (len < 30 || riff < 22 || (uint64_t) riff + 8 > len) {
        return;
    }

    if (memcmp(p + 12, "VP8X", 4) == 0) {
        set_size(out, little24(p + 24) + 1, little24(p + 27) + 1);

    } else if (memcmp(p + 12, "VP8L", 4) == 0 && p[20] == 0x2f) {
        bits = little32(p + 21);
        set_size(out, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);

    } else if (memcmp(p + 12, "VP8 ", 4) == 0 && memcmp(p + 23, "\x9d\x01\x2a", 3) == 0) {
        set_size(out, little16(p + 26) & 0x3fff, little16(p + 28) & 0x3fff);
    }
}

static bool
has_near_end(const uint8_t *p, size_t len, size_t within, const char *word)
{
    size_t  n = strlen(word), from = len > within ? len - within : 0, i;

    for (i = from; i + n <= len; i++) {
        if (memcmp(p + i, word, n) == 0) {
            return true;
        }
    }

    return false;
}

/* "%PDF-1.7" first, a reference to the table of objects last. */
static void
look_pdf(const uint8_t *p, size_t len, bx_file_info *out)
{
    out->sound = len >= 32 && (p[5] == '1' || p[5] == '2') && p[6] == '.' && p[7] >= '0' && p[7] <= '9'
                 && has_near_end(p, len, 2048, "startxref") && has_near_end(p, len, 1024, "%%EOF");
}

void
bx_file_sniff(const void *data, size_t len, bx_file_info *out)
{
    const uint8_t  *p = data;

    *out = (bx_file_info) { 0 };

    if (len >= 3 && memcmp(p, "\xff\xd8\xff", 3) == 0) {
        out->kind = BX_FILE_JPEG;
        look_jpeg(p, len, out);

    } else if (len >= 8 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0) {
        out->kind = BX_FILE_PNG;
        look_png(p, len, out);

    } else if (len >= 12 && memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0) {
        out->kind = BX_FILE_WEBP;
        look_webp(p, len, out);

    } else if (len >= 8 && memcmp(p, "%PDF-", 5) == 0) {
        out->kind = BX_FILE_PDF;
        look_pdf(p, len, out);
    }
}
