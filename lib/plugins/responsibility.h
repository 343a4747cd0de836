/* responsibility.h: what other workflows ask the register of who is responsible for whom (包保). */
#ifndef BX_RESPONSIBILITY_H
#define BX_RESPONSIBILITY_H

#include "baoxue.h"

/* The account that is responsible today: duty "student" for a child (id its student), else for a unit ("grade", "class", "school",
 * "village", "township", "area"; id the unit). The newest entry holds. *account 0: nobody, or somebody who does not sign in. [thread] */
bx_rc   bx_responsible_for(bx_call *c, const char *duty, bx_id id, bx_id *account);

#endif
