import MirrorModel
public import MirrorPlan

extension EngineCapabilities {
    /// Open vSwitch with all that its Mirror table has ever had (ovs-vswitchd.conf.db(5)).
    public static let openVSwitch: EngineCapabilities = {
        var capabilities = EngineCapabilities(
            engine: .ovs, carrier: .switchTable, truncates: true, deduplicates: true, sharesOutputs: false)
        capabilities.samples = false
        capabilities.reachesVLANs = true
        return capabilities
    }()

    /// Open vSwitch where it isn't.
    public static let noOpenVSwitch: EngineCapabilities = {
        var capabilities = openVSwitch
        capabilities.isAvailable = false
        capabilities.unavailable = "there is no Open vSwitch on this machine"
        return capabilities
    }()
}
