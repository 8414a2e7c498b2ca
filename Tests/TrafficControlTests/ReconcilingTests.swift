import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import Netlink
import RouteNetlink
import ScriptedKernel
import Testing

@testable import TrafficControl

/// Definitions in real files, the real engine, and a kernel on paper.
private final class Plant {
    let host: PaperHost
    let reconciler: Reconciler
    let now = Timestamp(secondsSince1970: 1_800_000_000)

    init() throws {
        host = try PaperHost()
        let store = IntentStore(
            permanentDirectory: "\(host.directory)/mirrors.d", temporaryDirectory: "\(host.directory)/run/mirrors.d")
        reconciler = Reconciler(engines: [host.engine], store: store, runDirectory: host.directory)
    }

    func mirror(_ name: String, _ port: String, _ direction: Direction = .both, to output: String = "ids0") throws
        -> Mirror
    {
        Mirror(
            name: try MirrorName(name), sources: [.port(try PortName(port), direction)],
            outputs: [.port(try PortName(output))])
    }

    @discardableResult
    func put(_ mirrors: Mirror...) throws -> Outcome {
        try reconciler.perform(
            .load(mirrors.map { Request.Definition($0, isTemporary: false) }, prune: false), now: now)
    }

    @discardableResult
    func remove(_ name: String) throws -> Outcome {
        try reconciler.perform(.remove([try MirrorName(name)]), now: now)
    }

    /// The kernel's objects and this program's files.
    var everything: [[UInt8]] {
        let files = ["mirrors.d", "outputs"].flatMap { folder in
            (((try? Files.list("\(host.directory)/\(folder)")) ?? nil) ?? []).sorted().map {
                "\(host.directory)/\(folder)/\($0)"
            }
        }
        return host.kernel.everything + files.map { Array($0.utf8) } + files.compactMap { try? Files.read($0) }
    }

    /// Has one change of the kernel's refused, counted from 0.
    func refuse(_ number: Int, _ errno: Errno) {
        var count = 0
        for kernel in [host.kernel.route, host.kernel.generic] {
            kernel.intercept(
                times: .max,
                where: { kernel === self.host.kernel.generic ? $0.integer(at: 0, UInt8.self) == 12 : $0.isChange }
            ) {
                request, usual in
                defer { count += 1 }
                return count == number ? .error(errno, "told to") : usual(request)
            }
        }
    }
}

@Suite struct ReconcilingTests {
    @Test("What is applied is what is seen then, and there is nothing left to do") func appliedOnce() throws {
        let plant = try Plant()
        let before = plant.host.kernel.everything
        try plant.put(try plant.mirror("ids", "vnet0"), try plant.mirror("web", "vnet1", .ingress))
        let seen = try plant.host.engine.observe()
        #expect(
            seen.points.map { "\($0.mirror) \($0.port) \($0.hook)" } == [
                "ids vnet0 ingress", "ids vnet0 egress", "web vnet1 ingress",
            ])
        #expect(seen.points.allSatisfy { $0.targets.map(\.index) == [5] && $0.targets.allSatisfy(\.isIntact) })
        #expect(plant.host.kernel.links[5]?.wanted == ["rx-gro"])
        plant.host.kernel.route.forget()
        #expect(try plant.put(try plant.mirror("ids", "vnet0")).isEmpty)
        #expect(plant.host.kernel.route.changes.isEmpty)
        try plant.put(try plant.mirror("ids", "vnet0", to: "vnet1"))
        #expect(try plant.host.engine.observe().points.map { $0.targets.map(\.index) } == [[4], [4], [5]])
        try plant.remove("ids")
        try plant.remove("web")
        #expect(plant.host.kernel.everything == before)
    }

    @Test("Whichever change the kernel refuses, everything is byte for byte as it was", arguments: 0..<14)
    func rollback(number: Int) throws {
        for isRemoval in [false, true] {
            let plant = try Plant()
            try plant.host.openHook(PaperHost.vnet1)
            try plant.host.kernel.perform(plant.host.foreign(.matchall, PaperHost.vnet1))
            if isRemoval { try plant.put(try plant.mirror("ids", "vnet0"), try plant.mirror("web", "vnet1")) }
            let before = plant.everything
            plant.refuse(number, .notPermitted)
            do {
                if isRemoval {
                    try plant.remove("ids")
                    try plant.remove("web")
                } else {
                    try plant.put(try plant.mirror("ids", "vnet0"), try plant.mirror("web", "vnet1"))
                }
                // There are fewer changes than that.
                #expect(number > 5)
            } catch let error as UserError {
                #expect(error.description.contains("told to") && error.advice == "nothing was changed")
                let isFirst = try plant.host.engine.observe().points.count == 4
                if !isRemoval || isFirst { #expect(plant.everything == before) }
            }
        }
    }

    @Test(
        "A world that changed between look and act is looked at again, and the work done",
        arguments: [Errno.noDevice, .exists, .noEntry])
    func staleOnce(errno: Errno) throws {
        for number in 0..<4 {
            let plant = try Plant()
            plant.refuse(number, errno)
            try plant.put(try plant.mirror("ids", "vnet0"))
            #expect(try plant.host.engine.observe().points.count == 2)
            #expect(try plant.put(try plant.mirror("ids", "vnet0")).isEmpty)
        }
    }

    @Test("A filter of others that comes between look and act stays, and the mirror finds another place")
    func filterMeanwhile() throws {
        let plant = try Plant()
        try plant.host.openHook(PaperHost.vnet0)
        let preference = PreferenceRange(.ingress).first
        plant.host.kernel.route.intercept(where: { $0.type == 44 }) { request, usual in
            do { try plant.host.kernel.perform(plant.host.foreign(preference: preference)) } catch {
                Issue.record("\(error)")
            }
            return usual(request)
        }
        try plant.put(try plant.mirror("ids", "vnet0"))
        let seen = try plant.host.engine.observe()
        #expect(seen.hooks[3]?.foreign.map(\.preference) == [preference])
        #expect(seen.points.map(\.hook) == [.ingress, .egress] && seen.points[0].handle.preference == preference + 1)
        try plant.remove("ids")
        #expect(try plant.host.engine.observe().hooks[3]?.foreign.map(\.preference) == [preference])
    }

    @Test("A kernel that stops answering in the middle is told of, and the next run finishes") func silentKernel()
        throws
    {
        let plant = try Plant()
        // As often as it is tried.
        plant.host.kernel.route.intercept(times: .max, where: { $0.type == 44 }) { _, _ in .silence }
        let error = #expect(throws: UserError.self) { try plant.put(try plant.mirror("ids", "vnet0")) }
        #expect(error?.description.contains("the kernel didn't answer in time") == true)
        plant.host.kernel.route.stopIntercepting()
        try plant.put(try plant.mirror("ids", "vnet0"))
        #expect(try plant.host.engine.observe().points.count == 2)
    }
}
