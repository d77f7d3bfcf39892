using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Protocol;
using Kn.Hosting.Control;
using Kn.Linux;
using Kn.Linux.Nftables;

namespace Kn.Cni.Plain;

/// <summary>Answers CNI calls for networks without an agent, in the process that the runtime started for the call.</summary>
public static class PlainPlugin
{
    /// <summary>Answers a call.</summary>
    public static ControlResponse Answer(ControlRequest call)
    {
        var version = CniVersions.Newest;
        try
        {
            var request = CniRequest.Read(call);
            version = request.Config.Version;
            return request.Config.Plain is { } network
                ? Answer(request, network)
                : throw new CniException(CniErrorCode.InvalidConfig, $"ipam.type: expected {HostLocalOptions.Type}");
        }
        catch (CniException error)
        {
            return Failed(error, error.Data.Contains(nameof(CniVersion)) ? CniRequest.VersionOf(error) : version);
        }
        catch (Exception error) when (error is LinuxException or NftException)
        {
            return Failed(new CniException(CniErrorCode.KernelRefused, error.Message, null, error), version);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Failed(new CniException(CniErrorCode.InputOutput, error.Message, null, error), version);
        }
    }

    private static ControlResponse Answer(CniRequest request, PlainNetwork network)
    {
        if (request.Command == CniCommand.Status)
        {
            PlainAttacher.RequireAvailable(network);
            return new ControlResponse(0, default);
        }

        using var attacher = new PlainAttacher();
        switch (request.Command)
        {
            case CniCommand.Add:
                return new ControlResponse(0, CniResultWriter.Write(attacher.Add(request, network), request.Config.Version));
            case CniCommand.Del:
                attacher.Remove(network, request.Key);
                break;
            case CniCommand.Check:
                attacher.Check(request, network);
                break;
            case CniCommand.Gc:
                PlainGarbage.Collect(attacher, network, request.Config.ValidAttachments ?? new HashSet<AttachmentKey>());
                break;
        }

        return new ControlResponse(0, default);
    }

    private static ControlResponse Failed(CniException error, CniVersion version) => new(1, CniResultWriter.WriteError(error, version));
}
