// MirrorPlanTests
