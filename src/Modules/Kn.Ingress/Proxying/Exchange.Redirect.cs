using Kn.Ingress.Http;

namespace Kn.Ingress.Proxying;

/// <summary>How a client is sent to TLS.</summary>
internal sealed partial class Exchange
{
    /// <summary>Whether the client came by TLS: to the node, or to a trusted proxy before it.</summary>
    private bool CameByTls(RequestHead request, ReadOnlySpan<byte> head)
    {
        if (client.Identity.IsTls || !client.Identity.IsTrusted)
        {
            return client.Identity.IsTls;
        }

        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.Kind == FieldKind.ForwardedProto)
            {
                return FieldKinds.Is(field.Value(head), "https"u8);
            }
        }

        return false;
    }

    /// <summary>Answers by what was prepared.</summary>
    private void Redirect()
    {
        var keepsAlive = _keepsAlive && _requestBody.IsDone && !worker.IsDraining;
        var length = OwnAnswer.FinishRedirect(worker.HeadScratch, _requestLength, PersistenceOf(keepsAlive));
        DropRequest();
        Count(OwnAnswer.PermanentRedirect);
        if (client.Send(worker.HeadScratch.AsSpan(0, length)))
        {
            client.EndExchange(keepsAlive, _requestBody.IsDone);
        }
        else
        {
            client.Close();
        }
    }
}
