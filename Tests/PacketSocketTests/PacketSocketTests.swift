import Testing
import TestSupport

/// Tests that need a kernel's network namespaces. One at a time: what they receive must not wait for each other.
@Suite("Packet sockets in network namespaces", .serialized, .needs(.netAdmin))
enum PacketSocketTests {}

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
