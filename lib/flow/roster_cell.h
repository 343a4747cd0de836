/*
 * roster_cell.h: what the three files share that tell whether a table is a roster: roster_words.c (how values and faults are shown),
 * roster_cell.c (one cell in its normal form), roster_check.c (rows and the whole sheet). Internal to them.
 */
#ifndef BX_ROSTER_CELL_H
#define BX_ROSTER_CELL_H

#include "flow/roster.h"
#include "core/core.h"

typedef struct { const char *code; const char *words; } bx_roster_word;

typedef struct {
    bx_roster              *roster;
    bx_roster_row          *row;
    const bx_roster_school *school;
    bx_arena               *arena;
    bx_date                 id_birth;         /* of a valid citizen's number */
    int                     id_sex;
} bx_roster_checker;

/* ---- roster_words.c */

extern const bx_roster_word  bx_roster_sexes[], bx_roster_id_types[], bx_roster_boardings[], bx_roster_left_behinds[],
                             bx_roster_disabilities[], bx_roster_placements[], bx_roster_yes_no[];
extern const char            bx_roster_ethnics[];

const char  *bx_roster_cell_at(const bx_roster_row *row, int at);          /* "" past the row's end */
size_t       bx_roster_longest_number(bx_arena *a, const char *s);         /* digits that stand together, however they are grouped */
bool         bx_roster_is_address(const char *s);                          /* two of the words that addresses are made of */
bool         bx_roster_is_scientific(const char *s);                       /* 5.22E+17: what a spreadsheet makes of a long number */
/* What is wrong with a column of the row in hand. Steals params. */
void         bx_roster_fault_at(bx_roster_checker *k, unsigned column, const char *reason, json_t *params);

/* ---- roster_cell.c: into the row in its normal form, or a fault. text is trimmed, folded, never blank */

/* A column of the child, below BX_R_MEMBER: has it a way to be taken? The grade has none, the class says it. */
bool         bx_roster_takes(unsigned column);
void         bx_roster_take(bx_roster_checker *k, unsigned column, const char *text);
void         bx_roster_take_text(bx_roster_checker *k, unsigned column, const char *text);
void         bx_roster_take_name(bx_roster_checker *k, unsigned column, const char *text);
void         bx_roster_take_yes_no(bx_roster_checker *k, unsigned column, const char *text);
void         bx_roster_take_phone(bx_roster_checker *k, unsigned column, const char *text);
/* birth and sex are set when the number is a valid one; NULL: not asked. */
void         bx_roster_take_citizen_number(bx_roster_checker *k, unsigned column, const char *id, bx_date *birth, int *sex);
void         bx_roster_take_other_number(bx_roster_checker *k, unsigned column, const char *id);
const char  *bx_roster_plain_number(bx_arena *a, const char *text);
bool         bx_roster_has_slipped(bx_roster_checker *k, unsigned column, const char *text);
bool         bx_roster_is_word(const char *words, const char *s);
const char  *bx_roster_code_of(const bx_roster_word *list, const char *text);   /* NULL: none of the list */

#endif
