public import MirrorModel

/// What an engine does otherwise than the specification, that changes which copies are right.
public struct EngineTraits: Hashable, Sendable {
    /// Each is one that a plan tells of where it matters.
    public var deviations: Set<Deviation>
    /// The engine that it is about; nil for none in particular.
    public var engine: EngineName?
    /// Whether mirrors of a switch are the switch's own, and a frame's points are looked at one by one on its way through.
    public var isSwitch: Bool

    /// An engine's traits.
    public init(engine: EngineName? = nil, deviations: Set<Deviation> = [], isSwitch: Bool = false) {
        self.engine = engine
        self.deviations = deviations
        self.isSwitch = isSwitch
    }

    /// Rule 3: whether a frame that passes several of a mirror's points is copied only once to each output.
    public var deduplicates: Bool { !deviations.contains(.copiesAtEachPoint) }

    /// Nothing that the specification asks is missing.
    public static let specification = EngineTraits()
    /// The kernel's traffic control: each point's filter is on its own, so that none knows of another's copy.
    public static let trafficControl = EngineTraits(engine: .tc, deviations: [.copiesAtEachPoint])

    /// A process with packet sockets: each point's is on its own, as traffic control's filters are.
    ///
    /// It looks elsewhere than these: a received frame before any filter of others has had a say, a sent one after the
    /// port's queue, so that what is dropped in between is copied in the one case and isn't in the other.
    public static let tap = EngineTraits(engine: .tap, deviations: [.copiesAtEachPoint, .missesWhatCannotLeave])

    /// Open vSwitch's own mirrors, as a release has them (ofproto/ofproto-dpif-xlate.c, `mirror_packet`; compared with 3.1.0).
    public static func openVSwitch(_ version: OpenVSwitchVersion) -> EngineTraits {
        var deviations: Set<Deviation> = [
            .sharesCopies, .copiesAreNotFrames, .chainsWholeFrames, .rejectedFramesUnseen, .tagsByOutput, .implicitVLAN,
            .patchPortsUnseen, .cutsNotThroughPatches, .reservesOutputs, .bridgeSeesEgress,
        ]
        if version.copiesAgainAfterChange { deviations.insert(.copiesAgainAfterChange) }
        return EngineTraits(engine: .ovs, deviations: deviations, isSwitch: true)
    }
}

/// One thing that an engine does otherwise than the specification.
public enum Deviation: String, Hashable, Sendable, CaseIterable {
    /// Rule 3: a frame that passes several of a mirror's points is copied at each of them.
    case copiesAtEachPoint
    /// Rule 2: what the host sends through a port without carrier isn't copied at its egress: it is dropped before anybody
    /// hears it. A plan doesn't tell of it, since nobody gets the frame. In a machine with several engines it holds for
    /// mirrors that aren't said to be another engine's.
    case missesWhatCannotLeave
    /// Rule 3: a frame that an action of the flow table has changed is copied once more.
    case copiesAgainAfterChange
    /// Rule 3: mirrors with the same output give it one copy of a frame between them, cut as the first of them says.
    case sharesCopies
    /// Rule 3: a mirror that has selected a frame doesn't select a copy of it that it meets at another mirror's output.
    case copiesAreNotFrames
    /// Rule 6: a mirror of an output sees copies whole that are sent there cut.
    case chainsWholeFrames
    /// Rule 2: a frame whose VLAN its port doesn't let through isn't mirrored, at that port or at all.
    case rejectedFramesUnseen
    /// Rule 5: copies bear the tags that an original would bear at the output: an access port takes the outermost tag off,
    /// a trunk puts on that of the VLAN that the frame is in.
    case tagsByOutput
    /// Rule 2: on ports with a native VLAN, or that are a tunnel of VLANs, the VLAN is that which the frame is in inside
    /// the switch, and not what it bears there.
    case implicitVLAN
    /// Rules 2 and 4: frames aren't mirrored at patch ports, in neither direction.
    case patchPortsUnseen
    /// Rule 6: copies that are to be cut don't get through a patch port.
    case cutsNotThroughPatches
    /// Rule 7: outputs are reserved, asked for or not.
    case reservesOutputs
    /// Rule 4: a bridge as a source is every port in both directions: what has not come in from a port is copied where it leaves.
    case bridgeSeesEgress
}
