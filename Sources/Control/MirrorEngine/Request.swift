public import MirrorModel
public import MirrorPlan

/// What can be asked of the mirrors of a machine.
public enum Request: Sendable {
    /// To define mirrors, or define them anew, and have them run: all of them or nothing. Other mirrors stay as they are.
    /// - mustBeNew: whether a mirror of the same name with another definition is an error.
    case define([Definition], mustBeNew: Bool = false)
    /// As ``define(_:mustBeNew:)``, and whatever has come apart of the other mirrors is repaired.
    /// - prune: whether the other mirrors are taken away instead.
    case load([Definition], prune: Bool)
    /// To take mirrors away; what is in the way of one doesn't keep the others.
    case remove(Set<MirrorName>)
    /// To take all mirrors away.
    case removeAll
    /// To make the mirrors of a scope what their definitions say: each as far as it can be had.
    case apply(PlanScope)
    /// To take others' mirrors over as they run, by the names that they get: all of them or nothing.
    case adopt(PlanScope)

    /// To put right whatever has come apart.
    public static let repair = Request.apply(.everything)

    /// A mirror as it is to be defined.
    public struct Definition: Sendable {
        /// What it is to be.
        public var mirror: Mirror
        /// Whether it goes at the machine's restart; nil if one that is defined stays as it is, and a new one is permanent.
        public var isTemporary: Bool?
        /// Whether its end was said as a time from now. A mirror that is defined so already keeps its end.
        public var endIsRelative: Bool

        public init(_ mirror: Mirror, isTemporary: Bool? = nil, endIsRelative: Bool = false) {
            self.mirror = mirror
            self.isTemporary = isTemporary
            self.endIsRelative = endIsRelative
        }
    }
}
