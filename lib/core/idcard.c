/*
 * idcard.c: citizen identity numbers by GB 11643-1999: 6 digits of division, 8 of birth date, 3 of sequence (odd is
 * male), a check character by ISO 7064 MOD 11-2. Owns neither sealing nor masking (crypto.c) nor other kinds of
 * documents.
 */
#include "core/core.h"

#include <ctype.h>
#include <string.h>

/* What a spreadsheet makes of 18 digits: "5.20425E+17". */
static bool
is_scientific(const char *s)
{
    size_t  n = strspn(s, "0123456789.");

    if (n == 0 || !isdigit((unsigned char) s[0]) || (s[n] != 'E' && s[n] != 'e')) {
        return false;
    }

    s += n + 1;
    if (*s == '+') {
        s++;
    }

    return *s != '\0' && strspn(s, "0123456789") == strlen(s);
}

static char
check_character(const char *id)
{
    static const int  weight[17] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    int               i, sum = 0;

    for (i = 0; i < 17; i++) {
        sum += (id[i] - '0') * weight[i];
    }

    return "10X98765432"[sum % 11];
}

/* birth and sex are set with BX_ID_OK only; either may be NULL. Spaces and full-width digits are the caller's to
 * remove. */
bx_id_fault
bx_idcard_check(const char *id, bx_date *birth, int *sex)
{
    char     text[9];
    bx_date  born;

    if (id == NULL) {
        return BX_ID_LENGTH;
    }

    if (is_scientific(id)) {
        return BX_ID_SCIENTIFIC;
    }

    if (bx_utf8_count(id) != 18) {
        return BX_ID_LENGTH;
    }

    if (strspn(id, "0123456789") < 17 || strlen(id) != 18 || strchr("0123456789Xx", id[17]) == NULL || id[0] == '0') {
        return BX_ID_CHARS;
    }

    memcpy(text, id + 6, 8);
    text[8] = '\0';
    born = bx_date_parse(text);
    if (born == BX_NO_DATE || memcmp(text, "18", 2) < 0) {
        return BX_ID_DATE;
    }

    if (check_character(id) != (id[17] == 'x' ? 'X' : id[17])) {
        return BX_ID_CHECK;
    }

    if (birth != NULL) {
        *birth = born;
    }
    if (sex != NULL) {
        *sex = (id[16] - '0') % 2 == 1 ? 1 : 2;
    }

    return BX_ID_OK;
}
