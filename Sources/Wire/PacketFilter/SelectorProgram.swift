/// The program for the selectors of a mirror, to run in cls_bpf at an ingress or egress hook of tc. It returns
/// 0xffffffff for a frame to copy and 0 for any other.
///
/// A frame is copied if its VLAN is listed (or none is), *and* sampling picks it, *and* the filter matches.
/// The VLAN test, the filter's first `vlan` keyword and "untagged" mean the outermost 802.1Q or 802.1ad tag (TPID 0x8100 or
/// 0x88a8), whether the kernel keeps it in metadata or the frame's bytes begin with it; to the rest of the filter the
/// frame looks as if that tag weren't there, as in a live capture on Linux. An untagged frame is in VLAN 0.
/// As in all of BPF, a frame that is too short for a load isn't matched.
///
/// - Parameters:
///   - vlans: the listed VLAN ids; ids above 4095 don't exist. Nil or empty: every frame passes.
///   - expression: a pcap-filter(7) expression. Nil, empty or blank: every frame passes.
///   - sample: N for one frame in N, each with that probability. 0 and 1: every frame passes.
///   - framing: what packets begin with, for packet sockets. Only Ethernet frames have VLANs.
///   - patience: how long this process waits for the resolver, for all names of hosts in all filters together;
///     with none, nobody is asked, and such a filter is an error.
/// - Throws: libpcap's error; an error that names a host and the resolver that doesn't answer for it; or an error that says why there can't be such a program: it would have more
///   than 4096 instructions, the filter tests `inbound` or `outbound`, or it reads bytes before and
///   after the place of a tag at once.
public func selectorProgram(
    vlans: [ClosedRange<UInt16>]?, expression: String?, sample: UInt32, framing: Framing = .ethernet,
    patience: Duration = .seconds(10)
) throws(FilterError) -> BPFProgram {
    if let expression { try HostNames.check(expression, framing: framing, patience: patience) }
    var filter = try expression.map { (text) throws(FilterError) in
        framing == .ethernet ? try OuterTagFilter(text) : try OuterTagFilter(text, untagged: framing)
    }
    if framing != .ethernet, vlans?.isEmpty == false {
        throw FilterError(
            expression: expression ?? "",
            message: "VLANs can be chosen at Ethernet interfaces only: packets without an Ethernet header have none")
    }
    if filter?.matchesAll == true { filter = nil }
    var listed = vlans.flatMap { $0.isEmpty ? nil : VLANRanges($0) }
    if listed?.ranges.isEmpty == true { return .matchNone }
    if listed?.isAll == true { listed = nil }
    do {
        return try SelectorComposer(listed: listed, sample: sample, filter: filter).program()
    } catch .tooLong {
        throw FilterError(
            expression: expression ?? "",
            message:
                "the VLANs and the filter need more than the \(BPFProgram.maximumCount) instructions that the kernel takes"
        )
    } catch {
        throw FilterError(expression: expression ?? "", message: "the program can't be assembled: \(error)")
    }
}

/// Puts the parts together, each only if it is there. Between the VLAN test and the filter, X tells where the outermost tag is:
/// 1 for inline, otherwise 0, as the kernel clears A and X before a program (`bpf_convert_filter`).
private struct SelectorComposer {
    let listed: VLANRanges?
    let sample: UInt32
    let filter: OuterTagFilter?

    private var builder = ProgramBuilder()
    private let match: ProgramBuilder.Label
    private let reject: ProgramBuilder.Label

    init(listed: VLANRanges?, sample: UInt32, filter: OuterTagFilter?) {
        self.listed = listed
        self.sample = sample
        self.filter = filter
        match = builder.label()
        reject = builder.label()
    }

    /// Whether the filter is another one for frames with an inline tag.
    private var isSplit: Bool { filter?.inlineReplacements.isEmpty == false }

    consuming func program() throws(AssemblyError) -> BPFProgram {
        if let listed { appendVLANTest(listed) }
        if sample > 1 { appendSampling() }
        if let filter {
            if isSplit { appendSplit(filter) }
            append(filter.plain, replacing: [:])
        } else {
            builder.jump(to: match)
        }
        if builder.isUsed(match) {
            builder.bind(match)
            builder.append(BPFInstruction(.ret, 0xffff_ffff))
        }
        if builder.isUsed(reject) {
            builder.bind(reject)
            builder.append(BPFInstruction(.ret, 0))
        }
        return try builder.assemble()
    }

    /// Goes to one of three places by the outermost tag.
    private mutating func appendTagTest(
        metadata: ProgramBuilder.Label, inline: ProgramBuilder.Label, untagged: ProgramBuilder.Label
    ) {
        let (bytes, notCustomer) = (builder.label(), builder.label())
        builder.append(BPFInstruction(.ldWord, Ancillary.vlanTagPresent))
        builder.branch(BPFInstruction(.jeq, 1), then: metadata, otherwise: bytes)
        builder.bind(bytes)
        builder.append(BPFInstruction(.ldHalf, filter?.place == .protocolType ? Ancillary.protocolType : 12))
        builder.branch(BPFInstruction(.jeq, 0x8100), then: inline, otherwise: notCustomer)
        builder.bind(notCustomer)
        builder.branch(BPFInstruction(.jeq, 0x88a8), then: inline, otherwise: untagged)
    }

    private mutating func appendVLANTest(_ listed: VLANRanges) {
        let (metadata, inline, tested) = (builder.label(), builder.label(), builder.label())
        let passed = builder.label()
        appendTagTest(metadata: metadata, inline: inline, untagged: listed.contains(0) ? passed : reject)
        builder.bind(inline)
        if isSplit { builder.append(BPFInstruction(.ldxImmediate, 1)) }
        builder.append(BPFInstruction(.ldHalf, 14))
        builder.jump(to: tested)
        builder.bind(metadata)
        builder.append(BPFInstruction(.ldWord, Ancillary.vlanTag))
        builder.bind(tested)
        builder.append(BPFInstruction(.and, 0xfff))
        listed.appendTest(to: &builder, found: passed, missing: reject)
        builder.bind(passed)
    }

    private mutating func appendSampling() {
        let picked = builder.label()
        builder.append(BPFInstruction(.ldWord, Ancillary.random))
        builder.append(BPFInstruction(.mod, sample))
        builder.branch(BPFInstruction(.jeq, 0), then: picked, otherwise: reject)
        builder.bind(picked)
    }

    /// The filter for inline tags, and the way to it and past it.
    private mutating func appendSplit(_ filter: OuterTagFilter) {
        let (inline, plain) = (builder.label(), builder.label())
        if listed != nil {
            builder.append(BPFInstruction(.txa))
            builder.branch(BPFInstruction(.jeq, 1), then: inline, otherwise: plain)
        } else {
            appendTagTest(metadata: plain, inline: inline, untagged: plain)
        }
        builder.bind(inline)
        append(filter.plain, replacing: filter.inlineReplacements)
        builder.bind(plain)
    }

    /// Adds a program whose returns are this program's verdicts.
    private mutating func append(_ program: BPFProgram, replacing replacements: [Int: [BPFInstruction]]) {
        let labels = program.instructions.map { _ in builder.label() }
        for (index, instruction) in program.instructions.enumerated() {
            builder.bind(labels[index])
            if let replacement = replacements[index] {
                let inner = (0...replacement.count).map { _ in builder.label() }
                for (position, instruction) in replacement.enumerated() {
                    builder.bind(inner[position])
                    append(instruction, followedBy: inner[(position + 1)...])
                }
                builder.bind(inner[replacement.count])
            } else {
                append(instruction, followedBy: labels[(index + 1)...])
            }
        }
    }

    /// Adds an instruction with its distances replaced by the labels of what follows.
    private mutating func append(_ instruction: BPFInstruction, followedBy labels: ArraySlice<ProgramBuilder.Label>) {
        func target(_ distance: Int) -> ProgramBuilder.Label { labels[labels.startIndex + distance] }
        switch instruction.opcode {
        case .ret:
            builder.append(BPFInstruction(.ret, instruction.k == 0 ? 0 : 0xffff_ffff))
        case .ja:
            builder.jump(to: target(Int(instruction.k)))
        case .some(let opcode) where opcode.isConditionalJump:
            builder.branch(
                instruction, then: target(Int(instruction.jt)), otherwise: target(Int(instruction.jf)))
        default:
            builder.append(instruction)
        }
    }
}
