// SPDX-License-Identifier: GPL-2.0
/*
 * Lock modes: what may be held together, what a conversion is, which way a
 * value block goes (lock-semantics.md 1 and 6).  Pure tables.
 */
#include <linux/bits.h>
#include <dlm/core.h>

#define M(mode)		BIT(DLM_LOCK_##mode)
#define ALL_MODES	(M(NL) | M(CR) | M(CW) | M(PR) | M(PW) | M(EX))

static bool mode_valid(int mode)
{
	return mode >= DLM_LOCK_NL && mode <= DLM_LOCK_EX;
}

/* modes that may be held beside the index */
static const u8 compatible[] = {
	[DLM_LOCK_NL] = ALL_MODES,
	[DLM_LOCK_CR] = ALL_MODES & ~M(EX),
	[DLM_LOCK_CW] = M(NL) | M(CR) | M(CW),
	[DLM_LOCK_PR] = M(NL) | M(CR) | M(PR),
	[DLM_LOCK_PW] = M(NL) | M(CR),
	[DLM_LOCK_EX] = M(NL),
};

/**
 * dlm_modes_compat - may two modes be held together?
 * @a: DLM_LOCK_IV..DLM_LOCK_EX
 * @b: likewise; the order does not matter
 *
 * Return: true if so; DLM_LOCK_IV goes with everything.
 */
bool dlm_modes_compat(int a, int b)
{
	if (!mode_valid(a) || !mode_valid(b))
		return true;
	return compatible[a] & BIT(b);
}

/**
 * dlm_modes_conflicting - which modes exclude this one?
 * @mode: DLM_LOCK_NL..DLM_LOCK_EX
 *
 * Return: BIT(mode) of each.
 */
u8 dlm_modes_conflicting(int mode)
{
	return ALL_MODES & ~compatible[mode];
}

/**
 * dlm_convert_middle - is this a conversion between PR and CW?
 * @from: granted mode
 * @to: wanted mode
 *
 * Neither of the two modes is weaker than the other.
 * Return: true if so.
 */
bool dlm_convert_middle(int from, int to)
{
	return (from == DLM_LOCK_PR && to == DLM_LOCK_CW) ||
	       (from == DLM_LOCK_CW && to == DLM_LOCK_PR);
}

/**
 * dlm_convert_down - is this a conversion to a weaker mode?
 * @from: granted mode
 * @to: wanted mode
 *
 * Return: true if it can always be granted at once.
 */
bool dlm_convert_down(int from, int to)
{
	return to < from && !dlm_convert_middle(from, to);
}

/* modes that QUECVT may convert to, by granted mode */
static const u8 quecvt[] = {
	[DLM_LOCK_NL] = M(CR) | M(CW) | M(PR) | M(PW) | M(EX),
	[DLM_LOCK_CR] = M(CW) | M(PR) | M(PW) | M(EX),
	[DLM_LOCK_CW] = M(PR) | M(PW) | M(EX),
	[DLM_LOCK_PR] = M(CW) | M(PW) | M(EX),
	[DLM_LOCK_PW] = M(EX),
	[DLM_LOCK_EX] = 0,
};

/**
 * dlm_quecvt_legal - may DLM_LKF_QUECVT be given with this conversion?
 * @from: granted mode
 * @to: wanted mode
 *
 * Return: true if so.
 */
bool dlm_quecvt_legal(int from, int to)
{
	return mode_valid(from) && mode_valid(to) && (quecvt[from] & BIT(to));
}

/**
 * dlm_lvb_dir - which way the value block goes when a mode is granted
 * @from: mode held before, DLM_LOCK_IV for a new lock
 * @to: mode granted
 *
 * Writers hand the block over when they give up their right to write or keep
 * it; everybody whose mode does not go down is given the current one.
 *
 * Return: the direction.
 */
enum dlm_lvb_dir dlm_lvb_dir(int from, int to)
{
	switch (from) {
	case DLM_LOCK_EX:
		return DLM_LVB_WRITE;
	case DLM_LOCK_PW:
		return to == DLM_LOCK_EX ? DLM_LVB_READ : DLM_LVB_WRITE;
	default:
		return to >= from ? DLM_LVB_READ : DLM_LVB_NONE;
	}
}
