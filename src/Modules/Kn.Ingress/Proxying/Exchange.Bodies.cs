using Kn.Ingress.Http;

namespace Kn.Ingress.Proxying;

/// <summary>How the request gets to the backend, and the answer to the client.</summary>
internal sealed partial class Exchange
{
    private const int NotInScratch = -1;
    private byte[]? _answerHead;
    private int _answerHeadLength;
    private int _answerScanned;

    /// <summary>Sends the head, with the part of the body that came along.</summary>
    private Went SendRequest(IUpstreamSide up)
    {
        if (_isCutOff)
        {
            return Went.Nowhere;
        }

        if (_requestSent == _requestLength)
        {
            return up.Flush() ? Went.Nowhere : CutOff(up);
        }

        if (!up.CanWrite)
        {
            return Went.Nowhere;
        }

        var sent = up.SendSome(_request.AsSpan(_requestSent.._requestLength));
        if (sent < 0)
        {
            return sent == Peer.NotNow ? Went.Nowhere : CutOff(up);
        }

        _requestSent += sent;
        Touch();
        return Went.On;
    }

    /// <summary>Passes on a piece of the request's body.</summary>
    private Went StreamRequest(IUpstreamSide up)
    {
        if (_isCutOff || _requestBody.IsDone || _requestSent < _requestLength || up.HasPending || !client.CanRead)
        {
            return Went.Nowhere;
        }

        var buffer = worker.Scratch.AsSpan(Worker.HeadRoom, FirstRead);
        var count = client.Receive(buffer);
        if (count <= 0)
        {
            if (count == Peer.NotNow)
            {
                return Went.Nowhere;
            }

            client.Close();
            return Went.Over;
        }

        _isStreamed = true;
        Touch();
        var taken = _requestBody.Read(buffer[..count]);
        if (taken < 0)
        {
            return BadBody();
        }

        _bodyLeft -= taken;
        if (_bodyLeft < 0)
        {
            return BodyTooLarge();
        }

        client.Save(buffer[taken..count]);
        return up.Send(buffer[..taken]) ? Went.On : CutOff(up);
    }

    /// <summary>The backend takes no more of the request. It may have said why before: a refusal that comes before the body's end is an answer.</summary>
    private Went CutOff(IUpstreamSide up)
    {
        if (!up.CanRead)
        {
            return Over(Failed(isConnect: false, 502));
        }

        _isCutOff = true;
        return Went.On;
    }

    /// <summary>The body is no body: the backend must not take it for one that just came to an end.</summary>
    private Went BadBody()
    {
        Release(isReusable: false);
        if (_hasBegun)
        {
            client.Close();
        }
        else
        {
            DropRequest();
            DropLine();
            _isActive = false;
            client.Refuse(400);
        }

        return Went.Over;
    }

    /// <summary>The body is longer than its route allows, which its head has not said.</summary>
    private Went BodyTooLarge()
    {
        Release(isReusable: false);
        if (_hasBegun)
        {
            client.Close();
        }
        else
        {
            Answer(413);
        }

        return Went.Over;
    }

    private Went ReadAnswer(IUpstreamSide up)
    {
        if (!up.CanRead || client.HasPending)
        {
            return Went.Nowhere;
        }

        return _hasBegun ? StreamAnswer(up) : ReadAnswerHead(up);
    }

    private Went ReadAnswerHead(IUpstreamSide up)
    {
        var isInScratch = _answerHeadLength == 0;
        var buffer = worker.Scratch.AsSpan(Worker.HeadRoom, RoomFor(worker.Scratch.Length - Worker.HeadRoom));
        var count = up.Receive(isInScratch ? buffer : _answerHead.AsSpan(_answerHeadLength));
        if (count <= 0)
        {
            return count == Peer.NotNow ? Went.Nowhere : Over(Failed(isConnect: false, 502));
        }

        Touch();
        if (isInScratch)
        {
            return OnAnswerBytes(up, buffer[..count], Worker.HeadRoom);
        }

        _answerHeadLength += count;
        return OnAnswerBytes(up, _answerHead.AsSpan(0, _answerHeadLength), NotInScratch);
    }

    /// <summary>Goes on with an answer of which there is something new.</summary>
    /// <param name="up">Whence it comes.</param>
    /// <param name="bytes">What there is of it.</param>
    /// <param name="at">Where in the scratch that is.</param>
    private Went OnAnswerBytes(IUpstreamSide up, Span<byte> bytes, int at)
    {
        var length = HeadScan.Find(bytes, ref _answerScanned);
        if (length == 0 && bytes.Length < ClientConnection.MaxAnswerHead)
        {
            if (at != NotInScratch)
            {
                KeepAnswerHead(bytes);
            }

            return Went.On;
        }

        if (length <= 0 || worker.Answer.Read(bytes[..length], _isHead) != HeadFault.None)
        {
            return BadAnswer();
        }

        if (worker.Answer.IsInterim)
        {
            return OnInterim(up, bytes, length, at);
        }

        return worker.Answer.Status == 101
            ? BeginTunnel(up, bytes[..length], bytes[length..])
            : BeginAnswer(up, bytes, length, at);
    }

    /// <summary>100 goes to who waits for it, others such as 103 to who can understand them.</summary>
    private Went OnInterim(IUpstreamSide up, Span<byte> bytes, int headLength, int at)
    {
        if (++_interim > MaxInterim)
        {
            return BadAnswer();
        }

        if (_isHttp11 && (worker.Answer.Status != 100 || _expectsContinue))
        {
            var length = ResponseRewriter.Write(worker.HeadScratch, worker.Answer, bytes[..headLength], Persistence.KeepsAlive, isUpgrade: false);
            if (length == 0 || !client.Send(worker.HeadScratch.AsSpan(0, length)))
            {
                client.Close();
                return Went.Over;
            }
        }

        if (bytes.Length == headLength)
        {
            DropAnswerHead();
            return Went.On;
        }

        _answerScanned = 0;
        if (at != NotInScratch)
        {
            return OnAnswerBytes(up, bytes[headLength..], at + headLength);
        }

        KeepAnswerHead(bytes[headLength..]);
        return OnAnswerBytes(up, _answerHead.AsSpan(0, _answerHeadLength), NotInScratch);
    }

    private Went BeginAnswer(IUpstreamSide up, Span<byte> bytes, int headLength, int at)
    {
        var answer = worker.Answer;
        _answerBody = BodyMeter.Of(answer.Framing, answer.BodyLength);
        var taken = _answerBody.Read(bytes[headLength..]);
        if (taken < 0 || (answer.Framing == BodyFraming.Chunked && !_isHttp11))
        {
            return BadAnswer();
        }

        if (IsRefusedAnswer(answer.Status))
        {
            return Over(Failed(isConnect: false, answer.Status));
        }

        _status = answer.Status;
        _upKeepsAlive = answer.KeepsAlive && headLength + taken == bytes.Length && _requestSent == _requestLength && !_isCutOff;
        _clientKeepsAlive = _keepsAlive && !worker.IsDraining && answer.Framing != BodyFraming.UntilClose;
        var length = ResponseRewriter.Write(worker.HeadScratch, answer, bytes[..headLength], PersistenceOf(_clientKeepsAlive), isUpgrade: false, AnswerLines(), client.Identity.IsStrict ? worker.Settings.StrictTransport : default);
        if (length == 0)
        {
            return BadAnswer();
        }

        _hasBegun = true;
        _bytes = taken;
        DropRequest();
        var isSent = SendTogether(worker.HeadScratch.AsSpan(0, length), bytes.Slice(headLength, taken), at == NotInScratch ? 0 : at + headLength);
        DropAnswerHead();
        return isSent ? AfterAnswerBytes() : GoneClient();
    }

    /// <summary>Sends a head and the body's first bytes in one piece, by putting the head in front of them.</summary>
    /// <param name="head">The head.</param>
    /// <param name="body">The bytes.</param>
    /// <param name="bodyAt">Where in the scratch they are; 0 when they are not there.</param>
    private bool SendTogether(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, int bodyAt)
    {
        if (body.IsEmpty)
        {
            return client.Send(head);
        }

        if (head.Length <= bodyAt)
        {
            head.CopyTo(worker.Scratch.AsSpan(bodyAt - head.Length));
            return client.Send(worker.Scratch.AsSpan(bodyAt - head.Length, head.Length + body.Length));
        }

        return client.Send(head) && client.Send(body);
    }

    private Went StreamAnswer(IUpstreamSide up)
    {
        var buffer = worker.Scratch.AsSpan(Worker.HeadRoom, RoomFor(_readSize));
        var count = up.Receive(buffer);
        if (count == Peer.NotNow)
        {
            return Went.Nowhere;
        }

        if (count == 0 && _answerBody.Framing == BodyFraming.UntilClose)
        {
            Complete();
            return Went.Over;
        }

        var taken = count > 0 ? _answerBody.Read(buffer[..count]) : -1;
        if (taken < 0 || !client.Send(buffer[..taken]))
        {
            // A body that breaks off must look like one.
            return GoneClient();
        }

        // Whoever takes all at once gets more at once; a slow client has little waiting for it.
        _readSize = client.HasPending ? SmallRead : Math.Min(_readSize * 2, worker.Scratch.Length - Worker.HeadRoom);
        _upKeepsAlive &= taken == count;
        _bytes += taken;
        Touch();
        return AfterAnswerBytes();
    }

    private Went AfterAnswerBytes()
    {
        if (!_answerBody.IsDone)
        {
            return Went.On;
        }

        Complete();
        return Went.Over;
    }

    /// <summary>What the client would not take now waits in memory: there is to be little of it.</summary>
    private int RoomFor(int bytes) => Math.Min(bytes, Math.Max(SmallRead, client.Room));

    private Went BadAnswer()
    {
        Release(isReusable: false);
        Answer(502);
        return Went.Over;
    }

    private Went GoneClient()
    {
        client.Close();
        return Went.Over;
    }

    /// <summary>Keeps the part of a head until the rest comes.</summary>
    private void KeepAnswerHead(ReadOnlySpan<byte> part)
    {
        _answerHead ??= worker.Buffers.Rent(ClientConnection.MaxAnswerHead);
        part.CopyTo(_answerHead);
        _answerHeadLength = part.Length;
    }

    private void DropAnswerHead()
    {
        _answerScanned = _answerHeadLength = 0;
        if (_answerHead is not null)
        {
            worker.Buffers.Return(_answerHead);
            _answerHead = null;
        }
    }

    private void Touch() => client.Deadline = worker.Now + (_requestSent < _requestLength || !_requestBody.IsDone ? _sendTimeout : _readTimeout);

    private static Went Over(bool hasChanged) => hasChanged ? Went.Over | Went.On : Went.Over;
}
