/* people.h: what people.c (the tables) takes from people_classes.c, people_children.c and people_copy.c, and gives to them. */
#ifndef BX_PEOPLE_H
#define BX_PEOPLE_H

#include "baoxue.h"

/* people.c: the class in columns first … first + 3: name, stage, entry year, number. Owned by the arena. */
const char *bx_people_class_name(bx_call *c, const bx_rows *rows, size_t i, size_t first);

/* people_classes.c: GET classes, GET calendar */
bx_rc   bx_people_classes(bx_call *c);
bx_rc   bx_people_calendar(bx_call *c);

/* people_children.c: GET my-children */
bx_rc   bx_people_my_children(bx_call *c);

/* people_copy.c: GET students/{id}/copy */
bx_rc   bx_people_copy(bx_call *c);

#endif
