import MirrorModel
public import MirrorPlan

extension EngineCapabilities {
    /// A process with packet sockets.
    ///
    /// It reserves nothing: it may end at any moment, without the privilege to give a port back what it had.
    public static let tap: EngineCapabilities = {
        var capabilities = EngineCapabilities(
            engine: .tap, carrier: .process, truncates: true, deduplicates: false, sharesOutputs: true)
        capabilities.writesFiles = true
        capabilities.spreads = true
        capabilities.reserves = false
        return capabilities
    }()
}
