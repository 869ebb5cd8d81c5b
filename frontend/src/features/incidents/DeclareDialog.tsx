import { useNavigate } from '@tanstack/react-router';
import { type SubmitEvent, useId, useRef, useState } from 'react';
import { type ApiError, asApiError, sentence } from '../../api/errors';
import type { Severity } from '../../api/types';
import { queryClient } from '../../app/queryClient';
import { Dialog, DialogActions } from '../../ui/Dialog';
import { AssigneeField } from './AssigneeField';
import { createIncident } from './incidentsApi';
import { SeverityField } from './SeverityField';

export function DeclareDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [title, setTitle] = useState('');
  const [severity, setSeverity] = useState<Severity>('high');
  const [service, setService] = useState('');
  const [environment, setEnvironment] = useState('');
  const [assignee, setAssignee] = useState('');
  const [description, setDescription] = useState('');
  const [problem, setProblem] = useState<ApiError | null>(null);
  const busy = useRef(false);
  const id = useId();
  const titleProblem = problem?.fields.find((field) => field.field.endsWith('title'));

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy.current) {
      return;
    }
    busy.current = true;
    try {
      const incident = await createIncident({
        title: title.trim(),
        severity,
        description: description.trim() || undefined,
        service: service.trim() || undefined,
        environment: environment.trim() || undefined,
        assignee: assignee.trim() || undefined,
      });
      queryClient.setQueryData(['incident', incident.reference], incident);
      queryClient.invalidateQueries({ queryKey: ['overview'] });
      onClose();
      await navigate({ to: '/incidents/$ref', params: { ref: incident.reference } });
    } catch (error) {
      setProblem(asApiError(error));
    } finally {
      busy.current = false;
    }
  };

  return (
    <Dialog title="Declare incident" onClose={onClose} width={520}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-title`}>Title</label>
          <input
            id={`${id}-title`}
            className="input"
            required
            maxLength={200}
            placeholder="What people notice, as “Checkout fails for cards”"
            aria-invalid={Boolean(titleProblem)}
            value={title}
            onChange={(event) => setTitle(event.target.value)}
          />
          {titleProblem && <p className="bad">{titleProblem.message}</p>}
        </div>
        <div className="field-row">
          <SeverityField value={severity} onChange={setSeverity} />
          <AssigneeField value={assignee} onChange={setAssignee} />
        </div>
        <div className="field-row">
          <div className="field">
            <label htmlFor={`${id}-service`}>Service</label>
            <input
              id={`${id}-service`}
              className="input"
              value={service}
              onChange={(event) => setService(event.target.value)}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}-env`}>Environment</label>
            <input
              id={`${id}-env`}
              className="input"
              value={environment}
              onChange={(event) => setEnvironment(event.target.value)}
            />
          </div>
        </div>
        <div className="field">
          <label htmlFor={`${id}-description`}>Description</label>
          <textarea
            id={`${id}-description`}
            className="input"
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </div>
        {problem && (
          <p className="notice" role="alert">
            The incident was not declared: {sentence(problem.message)}
          </p>
        )}
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary">
            Declare incident
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
