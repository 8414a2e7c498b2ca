import RouteNetlink
import Testing
import TrafficControl

@Suite struct KernelFeatureTests {
    @Test("A kernel that can't be asked is taken for one that has everything")
    func kernelCantAskedTaken() {
        let features = KernelFeatures()
        #expect(features.everything == .matchall)
        #expect(features.missing == nil)
    }

    @Test("Classifiers have the kernel's words") func classifiersKernelWords() {
        let matches: [FilterRequest.Match] = [.matchall, .u32Everything, .bpf([])]
        #expect(matches.map(\.kind) == ["matchall", "u32", "bpf"])
    }
}
