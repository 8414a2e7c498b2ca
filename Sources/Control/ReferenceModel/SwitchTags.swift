import MirrorModel

/// The VLANs that a frame is in inside a switch: its outermost tag as the switch reads it, and the one that a tunnel port has
/// put before it (`struct xvlan`, ofproto/ofproto-dpif-xlate.c). Drop eligibility isn't kept.
struct SwitchTags: Hashable {
    var outer = Tag()
    var inner = Tag()

    /// A VLAN, with the priority and identifier that its tag has or would have.
    struct Tag: Hashable {
        var tpid: UInt16 = 0
        var id: UInt16 = 0
        /// In the highest 3 of 16 bits.
        var priority: UInt16 = 0

        init(tpid: UInt16 = 0, id: UInt16 = 0, priority: UInt16 = 0) {
            self.tpid = tpid
            self.id = id
            self.priority = priority
        }

        init(_ tag: VLANTag) { self.init(tpid: tag.tpid, id: tag.id, priority: tag.tci & 0xe000) }

        /// As on the wire; a tag for nothing but priority 0 isn't one.
        var tag: VLANTag? {
            guard id != 0 || priority != 0 else { return nil }
            return VLANTag(tpid: tpid == 0 ? VLANTag.customer : tpid, tci: priority | id)
        }
    }

    init(outer: Tag = Tag(), inner: Tag = Tag()) {
        self.outer = outer
        self.inner = inner
    }

    /// What a switch reads of a frame's tags: unless told otherwise (`other_config:vlan-limit`), the outermost alone.
    init(_ tags: [VLANTag]) {
        if let tag = tags.first { outer = Tag(tag) }
        if tags.count > 1 { inner = Tag(tags[1]) }
    }

    /// The tags on the wire, outermost first.
    var tags: [VLANTag] {
        guard let first = outer.tag else { return [] }
        return [first] + (inner.tag.map { [$0] } ?? [])
    }

    fileprivate var popped: SwitchTags { SwitchTags(outer: inner) }

    fileprivate func inVLAN(_ id: UInt16) -> SwitchTags {
        var changed = self
        changed.outer = Tag(tpid: outer.tpid == 0 ? VLANTag.customer : outer.tpid, id: id, priority: outer.priority)
        return changed
    }
}

extension VLANMode {
    /// Whether a frame with this VLAN id (0: none) is let in (`input_vid_is_valid`).
    func admits(_ id: UInt16) -> Bool {
        switch self {
        case .access: id == 0
        case .trunk: trunks(id)
        case .nativeTagged, .nativeUntagged: id == 0 || trunks(id)
        case .tunnel(_, let customers): customers?.contains(id) ?? true
        }
    }

    /// The VLANs inside of a frame that comes in so (`xvlan_input_translate`).
    func inside(_ tags: SwitchTags) -> SwitchTags {
        switch self {
        case .access(let id): return SwitchTags(outer: tags.inVLAN(id).outer)
        case .trunk: return tags
        case .nativeTagged(let id, _), .nativeUntagged(let id, _): return tags.outer.id == 0 ? tags.inVLAN(id) : tags
        case .tunnel(let id, _):
            return SwitchTags(outer: SwitchTags.Tag(tpid: VLANTag.service, id: id), inner: tags.outer)
        }
    }

    /// Whether frames in these VLANs are sent through the port (`xbundle_includes_vlan`).
    func carries(_ tags: SwitchTags) -> Bool {
        switch self {
        case .access(let id): tags.outer.id == id && tags.inner.id == 0
        case .trunk, .nativeTagged, .nativeUntagged: trunks(tags.outer.id)
        case .tunnel(let id, let customers): tags.outer.id == id && customers?.contains(tags.inner.id) ?? true
        }
    }

    /// The tags on the wire of a frame in these VLANs (`xvlan_output_translate`).
    func outside(_ tags: SwitchTags) -> SwitchTags {
        switch self {
        case .access: SwitchTags()
        case .trunk, .nativeTagged: tags
        case .nativeUntagged(let id, _): tags.outer.id == id ? tags.popped : tags
        case .tunnel: tags.popped
        }
    }

    /// A native VLAN is always among the trunks, and 0 never is beside it (`bundle_set`, ofproto/ofproto-dpif.c).
    private func trunks(_ id: UInt16) -> Bool {
        switch self {
        case .access, .tunnel: false
        case .trunk(let vlans): vlans?.contains(id) ?? true
        case .nativeTagged(let native, let vlans), .nativeUntagged(let native, let vlans):
            id == native || (id != 0 || native == 0) && vlans?.contains(id) ?? true
        }
    }
}
