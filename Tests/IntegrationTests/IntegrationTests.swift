import Testing
import TestSupport

/// Tests of the built program in network namespaces, with tcpdump, tc, ip, bridge and ethtool as witnesses.
///
/// One at a time: they share two processors, and what they count must not wait for each other.
@Suite("Integration", .serialized, .needs(.netAdmin, .tool("tc"), .tool("ip"), .tool("tcpdump"), .tool("ethtool")))
enum IntegrationTests {}

extension Trait where Self == ConditionTrait {
    /// Declares what a test needs. Where it is missing the test is skipped with the reason – but in continuous
    /// integration, which has everything, it fails.
    static func needs(_ requirements: Requirement...) -> Self {
        let missing = requirements.filter { !$0.isMet }
        let reason = "needs " + missing.map(\.description).joined(separator: " and ")
        return .enabled("\(reason)") {
            if Requirement.isCI && missing.contains(where: \.isMandatory) {
                throw LabError("CI has to have everything: \(reason)")
            }
            return missing.isEmpty
        }
    }
}
