import MirrorModel

/// Selection and copying: rules 1 to 4, 6 and 12.
extension ReferenceModel {
    /// A frame passes a point. Rule 1: it is only looked at, and goes on as if there were no mirrors.
    /// - Parameter vlan: the VLAN that it is in there, where that isn't for its outermost tag to say.
    mutating func pass(_ traveller: Traveller, _ point: Point, vlan: UInt16? = nil, _ run: inout Run) {
        run.trace.events.append(.passed(point, traveller.frame))
        for mirror in mirrors where selects(mirror, traveller, at: point, vlan ?? traveller.frame.vlan, &run) {
            // Rule 6: what the output gets, and what mirrors of the output see, is cut.
            let frame = mirror.snaplen.map { traveller.frame.truncated(to: Int($0)) } ?? traveller.frame
            for output in chosen(mirror, traveller.frame) {
                let copy = Copy(mirror: mirror.name, output: output, point: point)
                if output.files != nil {
                    run.trace.events.append(
                        .recorded(copy, RecordedFrame(frame, originalLength: traveller.frame.bytes.count)))
                    continue
                }
                transmit(run.copy(frame, of: traveller, copy), copy, &run)
            }
        }
    }

    /// Where copies of a frame go: to all outputs, or to that which its flow says.
    private func chosen(_ mirror: Mirror, _ frame: Frame) -> ArraySlice<Output> {
        guard mirror.spread, !mirror.outputs.isEmpty else { return mirror.outputs[...] }
        let place = Int(spreads(mirror, frame) % UInt32(mirror.outputs.count))
        return mirror.outputs[place...place]
    }

    /// Rule 2: the point AND the VLAN AND the filter AND sampling, in this order.
    private func selects(
        _ mirror: Mirror, _ traveller: Traveller, at point: Point, _ vlan: UInt16, _ run: inout Run
    ) -> Bool {
        let frame = traveller.frame
        guard mirror.sources.contains(where: { covers($0, of: mirror, point) }) else { return false }
        if point.hook == .egress, topology[point.port]?.hasCarrier == false,
            mirror.engine == nil || mirror.engine == traits.engine,
            traits.deviations.contains(.missesWhatCannotLeave)
        {
            return false
        }
        if let vlans = mirror.vlans, !vlans.contains(vlan) { return false }
        if let filter = mirror.filter {
            let (rest, tag) = frame.withTagSetAside
            guard matches(filter, rest, tag) else { return false }
        }
        // Rule 3. Before sampling: the decision on a frame is made once, or it would be copied with more than 1/N.
        if traits.deduplicates, !run.isFirstDecision(of: mirror, on: traveller) { return false }
        return picks(mirror, frame)
    }

    /// Whether a point is among those of a source.
    private func covers(_ source: Source, of mirror: Mirror, _ point: Point) -> Bool {
        switch source {
        case .port(let port, let direction):
            return point.port == port && direction.hooks.contains(point.hook)
        case .bridge(let bridge):
            // Rule 4: what enters the switch, from its members (the mirror's own outputs left out) or from the host.
            if let ports = topology.switches[bridge]?.ports {
                return point.hook == .ingress && ports[point.port] != nil && !mirror.outputs.contains(.port(point.port))
            }
            switch point.hook {
            case .egress: return point.port == bridge
            case .ingress:
                let isMember = topology.members(of: bridge).contains { $0.name == point.port }
                return isMember && !mirror.outputs.contains { $0.port == point.port }
            }
        }
    }

    /// Hands a copy to its output, where other mirrors may see it. Rule 12: what the output can't take is counted.
    private mutating func transmit(_ traveller: Traveller, _ copy: Copy, _ run: inout Run) {
        if topology.isInSwitch(copy.output) { return transmitInSwitch(traveller, copy, &run) }
        guard let output = topology[copy.output], output.isUp, output.hasCarrier else {
            run.trace.events.append(.failed(copy, traveller.frame))
            return
        }
        run.trace.events.append(.copied(copy, traveller.frame))
        run.continue(traveller, at: output.name) { leave($0, through: output.name, &$1) }
    }
}
