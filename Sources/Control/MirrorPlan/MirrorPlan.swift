// MirrorPlan
