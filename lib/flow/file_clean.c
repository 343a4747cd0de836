/*
 * file_clean.c: a picture without what the camera wrote beside it: place, time, owner, thumbnails, second pictures, films.
 * The photo of a child's home must not tell where it stands. Pure.
 *
 * It goes from segment to segment (JPEG), chunk to chunk (PNG, WebP) and copies what a decoder needs, by a list of what is
 * known; everything else, and whatever follows the end, is left out. It decodes nothing. Of a JPEG's Exif one thing
 * survives: how the picture is turned, written anew. A file whose segments do not hold together is refused, since what
 * cannot be read cannot be cleaned. What of a PDF can be written over is file_clean_pdf.c's.
 */
#include <string.h>

#include "flow/attachment.h"

typedef struct {
    const uint8_t  *p;
    size_t          len, at;
    uint8_t        *out;
    size_t          n;
} copier;


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


static uint32_t
little32(const uint8_t *p)
{
    return (uint32_t) p[3] << 24 | (uint32_t) p[2] << 16 | (uint32_t) p[1] << 8 | p[0];
}


/* Output never grows beyond the input and ORIENTATION bytes. */
static void
put(copier *k, const void *data, size_t n)
{
    memcpy(k->out + k->n, data, n);
    k->n += n;
}


/* ------------------------------------------------------------------ JPEG */

#define ORIENTATION  36u                      /* bytes of the segment that says how a picture is turned */

/* How the picture is turned, 1 to 8, of an Exif segment's content; 0: it does not say. */
static unsigned
orientation_of(const uint8_t *p, size_t len)
{
    bool    big;
    size_t  at, n;

    if (len < 14 || memcmp(p, "Exif\0\0", 6) != 0) {
        return 0;
    }
    p += 6;
    len -= 6;
    big = p[0] == 'M';
    if (memcmp(p, big ? "MM\0*" : "II*\0", 4) != 0) {
        return 0;
    }

    at = big ? big32(p + 4) : little32(p + 4);
    if (at < 8 || at > len - 2) {
        return 0;
    }
    n = big ? big16(p + at) : (unsigned) p[at + 1] << 8 | p[at];
    at += 2;
    for (size_t i = 0; i < n && len - at >= 12; i++, at += 12) {
        const uint8_t *e = p + at;
        unsigned       tag = big ? big16(e) : (unsigned) e[1] << 8 | e[0];
        unsigned       value = big ? big16(e + 8) : (unsigned) e[9] << 8 | e[8];

        if (tag == 0x0112) {
            return value >= 1 && value <= 8 ? value : 0;
        }
    }

    return 0;
}


static void
put_orientation(copier *k, unsigned turned)
{
    uint8_t  segment[ORIENTATION] = { 0xff, 0xe1, 0, ORIENTATION - 2, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                                      0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (uint8_t) turned, 0, 0, 0, 0, 0, 0 };

    put(k, segment, sizeof(segment));
}


/* A segment that belongs to the picture: tables, frames, the colour of it. */
static bool
jpeg_keeps(unsigned marker, const uint8_t *content, size_t len)
{
    if (marker >= 0xc0 && marker <= 0xcf) {
        return marker != 0xc8;
    }
    if (marker >= 0xda && marker <= 0xdd) {   /* SOS, DQT, DNL, DRI */
        return true;
    }
    if (marker == 0xe2) {
        return len >= 14 && memcmp(content, "ICC_PROFILE\0", 12) == 0;
    }

    return marker == 0xee && len == 12 && memcmp(content, "Adobe", 5) == 0;
}


/* Behind a start of scan: data in which 0xff is followed by 0, or by the number of a restart. */
static bool
copy_scan(copier *k)
{
    size_t  from = k->at;

    while (k->at + 1 < k->len) {
        const uint8_t *ff = memchr(k->p + k->at, 0xff, k->len - k->at - 1);

        if (ff == NULL) {
            return false;
        }
        k->at = (size_t) (ff - k->p);
        if (ff[1] == 0 || (ff[1] >= 0xd0 && ff[1] <= 0xd7)) {
            k->at += 2;
            continue;
        }
        if (ff[1] == 0xff) {
            k->at++;
            continue;
        }
        put(k, k->p + from, k->at - from);
        return true;
    }

    return false;
}


/* JFIF without its thumbnail. */
static bool
copy_jfif(copier *k, const uint8_t *content, size_t len)
{
    uint8_t  segment[18] = { 0xff, 0xe0, 0, 16 };

    if (len < 14 || memcmp(content, "JFIF\0", 5) != 0) {
        return true;
    }

    memcpy(segment + 4, content, 12);
    put(k, segment, sizeof(segment));
    return true;
}


static bool
clean_jpeg(copier *k)
{
    unsigned  turned = 0;
    bool      framed = false, scanned = false;

    put(k, "\xff\xd8", 2);
    k->at = 2;
    while (k->at + 4 <= k->len && k->p[k->at] == 0xff) {
        unsigned        marker = k->p[k->at + 1];
        const uint8_t  *content = k->p + k->at + 4;
        size_t          size;

        if (marker == 0xff) {
            k->at++;
            continue;
        }
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
            k->at += 2;
            continue;
        }
        if (marker == 0xd8 || marker == 0xd9) {
            break;
        }
        size = big16(k->p + k->at + 2);
        if (size < 2 || k->at + 2 + size > k->len) {
            return false;
        }
        if (marker == 0xe0 && !framed) {
            copy_jfif(k, content, size - 2);
        } else if (marker == 0xe1 && turned == 0 && !framed) {
            turned = orientation_of(content, size - 2);
            if (turned > 1) {
                put_orientation(k, turned);
            }
        } else if (jpeg_keeps(marker, content, size - 2)) {
            framed = framed || (marker >= 0xc0 && marker != 0xc4 && marker != 0xcc && marker <= 0xcf);
            put(k, k->p + k->at, 2 + size);
        }
        k->at += 2 + size;
        if (marker == 0xda) {
            scanned = true;
            if (!framed || !copy_scan(k)) {
                return false;
            }
        }
    }

    while (k->at + 2 < k->len && k->p[k->at] == 0xff && k->p[k->at + 1] == 0xff) {
        k->at++;                              /* fill */
    }
    if (!scanned || k->at + 2 > k->len || k->p[k->at] != 0xff || k->p[k->at + 1] != 0xd9) {
        return false;
    }
    put(k, "\xff\xd9", 2);
    return true;
}


/* ------------------------------------------------------------------ PNG */

static bool
png_keeps(const uint8_t *type)
{
    static const char  known[] = "IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB bKGD pHYs";

    for (size_t i = 0; i + 4 < sizeof(known); i += 5) {
        if (memcmp(known + i, type, 4) == 0) {
            return true;
        }
    }

    return false;
}


static bool
clean_png(copier *k)
{
    bool  data = false;

    put(k, k->p, 8);
    k->at = 8;
    while (k->len - k->at >= 12) {
        size_t          size = big32(k->p + k->at);
        const uint8_t  *type = k->p + k->at + 4;

        if (size > k->len - k->at - 12 || (k->at == 8) != (memcmp(type, "IHDR", 4) == 0)) {
            return false;
        }
        if (png_keeps(type)) {
            put(k, k->p + k->at, 12 + size);
        } else if ((type[0] & 0x20) == 0) {   /* a decoder would have to know it */
            return false;
        }
        data = data || memcmp(type, "IDAT", 4) == 0;
        if (memcmp(type, "IEND", 4) == 0) {
            return data && size == 0;
        }
        k->at += 12 + size;
    }

    return false;
}


/* ------------------------------------------------------------------ WebP */

static bool
webp_keeps(const uint8_t *type)
{
    static const char  known[] = "VP8X VP8  VP8L ALPH ANIM ANMF ICCP";

    for (size_t i = 0; i + 4 < sizeof(known); i += 5) {
        if (memcmp(known + i, type, 4) == 0) {
            return true;
        }
    }

    return false;
}


static bool
clean_webp(copier *k)
{
    size_t    end = (size_t) little32(k->p + 4) + 8, riff;
    bool      data = false;

    if (end > k->len) {
        return false;
    }
    put(k, k->p, 12);
    for (k->at = 12; end - k->at >= 8; ) {
        const uint8_t  *type = k->p + k->at;
        size_t          size = little32(type + 4), whole = 8 + size + (size & 1), from = k->n;

        if (size > end - k->at - 8) {
            return false;
        }
        if (webp_keeps(type)) {               /* the last chunk may lack its padding */
            put(k, type, 8 + size);
            if (size & 1) {
                put(k, "", 1);
            }
            if (memcmp(type, "VP8X", 4) == 0) {
                if (size < 10) {
                    return false;
                }
                k->out[from + 8] &= (uint8_t) ~0x0cu;             /* no Exif, no XMP */
            }
            data = data || memcmp(type, "VP8 ", 4) == 0 || memcmp(type, "VP8L", 4) == 0 || memcmp(type, "ANMF", 4) == 0;
        }
        if (whole > end - k->at) {
            whole = end - k->at;
        }
        k->at += whole;
    }

    riff = k->n - 8;
    for (unsigned i = 0; i < 4; i++) {
        k->out[4 + i] = (uint8_t) (riff >> (8 * i));
    }
    return data;
}


bx_rc
bx_file_clean(bx_arena *a, const void *data, size_t len, const bx_file_info *info, bx_value *out)
{
    copier  k = { .p = data, .len = len };
    bool    ok;

    if (!info->sound) {
        return BX_FAIL;
    }

    k.out = bx_alloc(a, len + ORIENTATION + 2);
    if (k.out == NULL) {
        return BX_FAIL;
    }
    if (info->kind == BX_FILE_PDF) {
        bx_file_info  after;

        put(&k, data, len);
        bx_file_clean_pdf(k.out, k.n);
        *out = bx_blob(k.out, k.n);
        bx_file_sniff(k.out, k.n, &after);    /* its table of objects is no information about it */
        return after.sound ? BX_OK : BX_FAIL;
    }
    ok = info->kind == BX_FILE_JPEG ? clean_jpeg(&k) : info->kind == BX_FILE_PNG ? clean_png(&k) : clean_webp(&k);
    *out = bx_blob(k.out, k.n);
    return ok ? BX_OK : BX_FAIL;
}
