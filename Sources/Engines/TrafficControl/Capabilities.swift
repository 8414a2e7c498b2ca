import MirrorModel
public import MirrorPlan

extension EngineCapabilities {
    /// Traffic control on a kernel that has all of it.
    ///
    /// The chain's limit is `MIRRED_NEST_LIMIT` of the kernel's net/sched/act_mirred.c.
    public static let trafficControl = EngineCapabilities(
        engine: .tc, carrier: .filters, truncates: false, deduplicates: false, sharesOutputs: true, chainLimit: 4)
}
