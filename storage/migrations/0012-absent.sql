-- notice.state is 'absent' where nobody was there to see it: no page of the agent's console was open. Before, that
-- counted as failed.
UPDATE notice SET state = 'absent' WHERE state = 'failed' AND code = 'no_page';
